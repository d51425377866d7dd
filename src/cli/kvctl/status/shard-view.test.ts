import { describe, expect, test } from 'vitest';
import type { NodeStatus, PeerStatus, ReplicaStatus, ShardInfo } from '../../../wire/contract/kv-api.js';
import type { GatheredCluster, NodeAnswer } from './gather.js';
import { nodesToJson, renderNodes } from './node-report.js';
import { isSettled, viewShards } from './shard-view.js';
import { renderStatus, toJson } from './status-report.js';

const nodes = ['a', 'b', 'c', 'd'].map((id) => ({
  id,
  address: `${id}:1`,
  zone: `zone-${id}`,
  weight: 1,
  framesVersion: 1,
  draining: false,
}));

/** A view of a shard with primary `a` and backups `b` and `c`, all in sync, as it is placed. */
function healthy(shard: number): ShardInfo {
  const replicas = ['a', 'b', 'c'].map((id) => ({ replicaId: `${id}~1`, nodeId: id, inSync: true, live: true }));
  const common = { epoch: 2, primaryNodeId: 'a', primaryAddress: 'a:1', minInSync: 2, offline: false, serving: true };
  return { shard, ...common, replicas, placedNodeIds: ['a', 'b', 'c'] };
}

const peer = (id: string, ackedSeq: number): PeerStatus => ({
  replicaId: `${id}~1`,
  nodeId: id,
  inSync: true,
  phase: 'replicating',
  ackedSeq,
});

function replica(shard: number, id: string, more: Partial<ReplicaStatus> = {}): ReplicaStatus {
  const isPrimary = id === 'a';
  return {
    shard,
    replicaId: `${id}~1`,
    role: isPrimary ? 'primary' : 'backup',
    epoch: 2,
    serving: isPrimary,
    complete: true,
    lastSeq: 100,
    lastEpoch: 2,
    commitIndex: 100,
    appliedSeq: 100,
    keys: 200,
    offline: false,
    peers: isPrimary ? [peer('b', 100), peer('c', 97), peer('d', 40)] : [],
    dataBytes: 0,
    dataLimitBytes: 0,
    held: null,
    found: null,
    lost: null,
    ...more,
  };
}

function answer(id: string, replicas: ReplicaStatus[]): NodeAnswer {
  const node = nodes.find((one) => one.id === id)!;
  const facts = { version: '1.2.3', uptimeMs: 1_000, zookeeper: 'connected', warnings: [], memoryBytes: 0, maxMemoryBytes: 0 };
  const own = {
    zone: node.zone,
    weight: 1,
    logLinesDropped: 0,
    openDescriptors: 0,
    maxDescriptors: 0,
    durability: 'memory',
    diskBytes: 0,
    maxDiskBytes: 0,
    state: 'memory',
    stateLag: 0,
    stateImpaired: false,
  };
  const held = { keys: 200 * replicas.length, dataBytes: 2 ** 20, dataLimitBytes: 2 ** 29 };
  const formats = { formatInUse: 6, oldestFormat: 6, newestFormat: 6 };
  const status: NodeStatus = { nodeId: id, address: node.address, replicas, ...facts, ...held, ...own, ...formats };
  return { node, status };
}

function viewOf(shards: ShardInfo[], answers: NodeAnswer[]): GatheredCluster {
  return { topology: { clusterId: 'one', nodes, shards, placementVersion: 7 }, answers };
}

function healthyView(count: number, change: (shard: ShardInfo) => ShardInfo = (shard) => shard): GatheredCluster {
  const shards = Array.from({ length: count }, (_, shard) => change(healthy(shard)));
  const held = (id: string) => shards.map(({ shard }) => replica(shard, id));
  return viewOf(shards, [...['a', 'b', 'c'].map((id) => answer(id, held(id))), answer('d', [])]);
}

describe("an operator's view of a shard", () => {
  test('in sync, served and as placed - the shard is settled, and its lag is that of the slowest copy', () => {
    const [shard] = viewShards(healthyView(1));
    expect(shard).toMatchObject({ state: 'serving', primaryNodeId: 'a', inSync: 3, wanted: 3, lag: 3, moving: [] });
    expect(isSettled(shard!)).toBe(true);
  });

  test('a copy moves - the view has its target, its progress, and the node that leaves then', () => {
    const moved = { ...healthy(0), placedNodeIds: ['a', 'b', 'd'] };
    moved.replicas = [...moved.replicas, { replicaId: 'd~1', nodeId: 'd', inSync: false, live: true }];
    const movesWith = (joiner: Partial<ReplicaStatus>) => {
      const holders = ['a', 'b', 'c'].map((id) => answer(id, [replica(0, id)]));
      const [shard] = viewShards(viewOf([moved], [...holders, answer('d', [replica(0, 'd', { role: 'joiner', ...joiner })])]));
      expect(isSettled(shard!)).toBe(false);
      return shard!.moving;
    };
    expect(movesWith({ complete: false, keys: 86 })).toEqual(['to d, 43 % of the keys', 'leaves c']);
    expect(movesWith({ complete: true })).toEqual(['to d, 60 behind', 'leaves c']);
  });

  test('a placed node is gone - it is awaited, and a copy is missing', () => {
    const [shard] = viewShards(
      healthyView(1, (info) => ({ ...info, replicas: info.replicas.filter(({ nodeId }) => nodeId !== 'c') })),
    );
    expect(shard).toMatchObject({ inSync: 2, wanted: 3, moving: ['awaits c'] });
  });

  test('the preferred primary is in sync and not primary - a change of primary is under way', () => {
    const [shard] = viewShards(healthyView(1, (info) => ({ ...info, placedNodeIds: ['b', 'a', 'c'] })));
    expect(shard!.moving).toEqual(['primary to b']);
  });

  test('the node that reported the topology knows less than the primary - the report of the primary wins', () => {
    const view = healthyView(1, (info) => ({ ...info, epoch: 0, primaryNodeId: '', primaryAddress: '', serving: false }));
    expect(viewShards(view)[0]).toMatchObject({ primaryNodeId: 'a', epoch: 2, state: 'serving' });
  });
});

describe('kvctl status of many shards', () => {
  test('all shards are settled - one line for 256 shards, and no table of shards', () => {
    const text = renderStatus(healthyView(256));
    expect(text).toContain('256 shards (placement version 7): 256 serving; greatest lag 3');
    expect(text).not.toContain('least in sync');
    expect(text.split('\n').length).toBeLessThan(20);
  });

  test('--all shows every shard', () => {
    const text = renderStatus(healthyView(256), true);
    expect(text.match(/│ 255 +│/g)).toHaveLength(1 + 3);
  });

  test('shards that need attention are shown up to a limit, the others counted', () => {
    const broken = healthyView(256, (info) => (info.shard < 40 ? { ...info, offline: true, serving: false } : info));
    const text = renderStatus(broken);
    expect(text).toContain('216 serving, 40 NOT SERVING');
    expect(text.match(/OFFLINE/g)).toHaveLength(20);
    expect(text).toContain('20 more need attention: --all shows every shard and replica');
    expect(renderStatus(broken, true).match(/OFFLINE/g)).toHaveLength(40);
  });

  test('JSON has every shard, with its moves', () => {
    const json = toJson(healthyView(256, (info) => (info.shard === 9 ? { ...info, placedNodeIds: ['a', 'b', 'd'] } : info)));
    const { shards } = (json as GatheredCluster).topology;
    expect(shards).toHaveLength(256);
    expect(shards[8]).toMatchObject({ settled: true, lag: 3, moving: [] });
    expect(shards[9]).toMatchObject({ settled: false, moving: ['awaits d', 'leaves c'] });
  });
});

describe('kvctl nodes', () => {
  test('shows the figures of each node, and the nodes that do not answer', () => {
    const view = healthyView(256);
    const silent = { node: nodes[3]!, problem: 'connection refused' };
    const seen = { ...view, answers: [...view.answers.slice(0, 3), silent] };
    const text = renderNodes(seen);
    expect(text).toMatch(/│ a +│ a:1 +│ zone-a +│ 256 +│ 256 +│ 51,200 +│ 1 MiB of 512 MiB +│/);
    expect(text).toMatch(/│ b +│ b:1 +│ zone-b +│ 256 +│ 0 +│ 51,200 +│/);
    expect(text).toMatch(/│ d +│ d:1 +│ zone-d +│ no answer/);
    const json = nodesToJson(seen) as { nodes: { primaryOf?: number[] }[] };
    expect(json.nodes[0]?.primaryOf).toHaveLength(256);
    expect(json.nodes[3]).toMatchObject({ answered: false, problem: 'connection refused' });
  });

  test('shows address, zone and weight only if some node has a value of its own', () => {
    const node = { id: 'a:1', address: 'a:1', zone: '', weight: 1, framesVersion: 1, draining: false };
    const columnsOf = (...others: (typeof node)[]): string[] => {
      const answers = [node, ...others].map((one) => ({ node: one, problem: 'no answer' }));
      const [, head] = renderNodes({ ...healthyView(1), answers }).split('\n');
      return ['address', 'zone', 'weight'].filter((name) => head?.includes(` ${name} `));
    };
    expect(columnsOf()).toEqual([]);
    expect(columnsOf({ ...node, zone: 'east' }, { ...node, weight: 2 })).toEqual(['zone', 'weight']);
    expect(columnsOf({ ...node, id: 'b' })).toEqual(['address']);
  });
});
