import { describe, expect, test } from 'vitest';
import type { Candidate } from '../../coordination/index.js';
import type { CoreStatus } from '../../replication/index.js';
import { noDisk } from '../capacity/disk-use.js';
import { describeNode } from './node-status.js';
import { describeCluster, describeShard, type HeldShard } from './topology.js';

const candidate = (nodeId: string, order: number): Candidate => ({
  replicaId: `${nodeId}~1`,
  nodeId,
  address: `${nodeId}:1`,
  stopping: false,
  order,
});

function snapshot(own: string, primary: string, inSync: readonly string[], more: Partial<CoreStatus> = {}): CoreStatus {
  const state = { epoch: 4, seqFloor: 0, primary: `${primary}~1`, inSync: inSync.map((id) => `${id}~1`) };
  const positions = { lastSeq: 9, lastEpoch: 4, commitIndex: 9, appliedSeq: 9, logBytes: 0, requests: 0, requestBytes: 0 };
  const role = own === primary ? 'primary' : 'follower';
  return {
    replicaId: `${own}~1`,
    role,
    epoch: 4,
    serving: own === primary,
    complete: true,
    offline: false,
    ...positions,
    state,
    peers: [],
    ...more,
  } as CoreStatus;
}

const held = (replica: CoreStatus, nodes = ['a', 'b']): HeldShard => ({ replica, candidates: nodes.map(candidate) });

const facts = { minInSync: 1, placement: undefined };

describe('the topology that a node describes', () => {
  test('a shard that it holds: its primary, and its other holders', () => {
    const report = describeShard(1, facts, held(snapshot('a', 'b', ['a', 'b'])));
    expect(report).toMatchObject({ shard: 1, epoch: 4, primaryNodeId: 'b', primaryAddress: 'b:1', serving: true, held: true });
    expect(report.replicas.map(({ nodeId, inSync, live }) => [nodeId, inSync, live])).toEqual([
      ['a', true, true],
      ['b', true, true],
    ]);
  });

  test('a shard whose data here is of another history: the history that ZooKeeper names, which serves the clients', () => {
    const foundHistory = { history: 'found', lineage: [{ epoch: 4, id: 'four' }] };
    const other = snapshot('a', 'b', ['b'], { epoch: 9, offline: true, foundHistory });
    expect(describeShard(1, facts, held(other))).toMatchObject({ epoch: 4, primaryAddress: 'b:1', offline: false });
    expect(describeShard(1, facts, held(other, ['a']))).toMatchObject({ epoch: 4, primaryAddress: '', offline: true });
  });

  test('a position of a shard that it holds, unless its data is of another history than the one that ZooKeeper names', () => {
    const line = { history: 'h', lineage: [{ epoch: 4, id: 'four' }] };
    expect(describeShard(1, facts, held(snapshot('a', 'b', ['a', 'b'], { line })))).toMatchObject({
      position: { history: 'h', seq: 9 },
    });
    const foundHistory = { history: 'found', lineage: [{ epoch: 4, id: 'four' }] };
    for (const more of [{ line, foundHistory }, { line: undefined }])
      expect(describeShard(1, facts, held(snapshot('a', 'b', ['a', 'b'], more)))).not.toHaveProperty('position');
  });

  test('a shard that it does not hold: where it is placed, with epoch 0', () => {
    const placement = { version: 5, shards: [['c', 'd']] };
    const report = describeShard(0, { minInSync: 1, placement }, undefined);
    expect(report).toMatchObject({ epoch: 0, primaryAddress: '', replicas: [], placedNodeIds: ['c', 'd'], held: false });
  });

  test('the cluster: its nodes, and the versions of what is known', () => {
    const nodes = [
      { nodeId: 'a', address: 'a:1' },
      { nodeId: 'b', address: 'b:1', framesVersion: 1 },
    ];
    const cluster = {
      ...facts,
      clusterId: 'one',
      shardCount: 3,
      nodes,
      nodesVersion: 7,
      drainingIds: ['b', 'gone'],
      placement: { version: 5, shards: [] },
    };
    expect(describeCluster(cluster)).toEqual({
      clusterId: 'one',
      nodes: [
        { id: 'a', address: 'a:1', zone: '', weight: 1, framesVersion: 0, draining: false },
        { id: 'b', address: 'b:1', zone: '', weight: 1, framesVersion: 1, draining: true },
      ],
      shards: [],
      shardCount: 3,
      nodesVersion: 7,
      placementVersion: 5,
      partial: false,
    });
  });

  test('an in-sync member that is not live - is listed as such', () => {
    const { replicas } = describeShard(0, facts, held(snapshot('a', 'a', ['a', 'gone'])));
    expect(replicas).toContainEqual({ replicaId: 'gone~1', nodeId: 'gone', inSync: true, live: false });
  });
});

describe('the status of a node', () => {
  const node = {
    ...({ nodeId: 'a', address: 'a:1', uptimeMs: 1, session: 'connected', memoryBytes: 1, maxMemoryBytes: 2 } as const),
    durability: 'memory' as const,
    format: { inUse: 6, supported: { oldest: 5, newest: 7 } },
    disk: noDisk,
    database: undefined,
    isImpaired: false,
    log: { droppedLines: 0, problem: undefined },
    descriptors: { open: 20, allowed: 64, problem: undefined },
  };
  const replicaOf = (shard: number, inSync: string[]) => ({
    shard,
    replica: snapshot('a', 'a', inSync),
    keys: 10,
    expiringKeys: 0,
    dataBytes: 100,
  });

  test('keys and bytes of all its shards together', () => {
    const status = describeNode({
      ...node,
      minInSync: 1,
      dataLimitBytes: 1_000,
      zone: 'north',
      weight: 3,
      held: [replicaOf(0, ['a', 'b']), replicaOf(5, ['a', 'b'])],
    });
    expect(status).toMatchObject({ formatInUse: 6, oldestFormat: 5, newestFormat: 7 });
    expect(status).toMatchObject({ keys: 20, dataBytes: 200, dataLimitBytes: 1_000, zone: 'north', weight: 3, warnings: [] });
    expect(status.replicas.map(({ shard, keys }) => [shard, keys])).toEqual([
      [0, 10],
      [5, 10],
    ]);
  });

  test('a warning about many shards appears once', () => {
    const shards = [0, 1, 2, 3, 7, 200];
    const replicas = shards.map((shard) => replicaOf(shard, ['a']));
    const { warnings } = describeNode({ ...node, minInSync: 2, dataLimitBytes: 610, held: replicas });
    expect(warnings).toEqual([
      'shards 0-3, 7, 200: there is only a single copy; if this node dies, its data is lost',
      'shards 0-3, 7, 200: 1 of 2 copies in sync; writes are refused',
      'the data takes 600 of 610 bytes; beyond them writes are refused',
    ]);
    const conflict = 'this node belongs to cluster one';
    const cutOff = { ...node, session: 'suspended', conflict, minInSync: 1, dataLimitBytes: 1_000, held: [] } as const;
    expect(describeNode(cutOff).warnings).toEqual([conflict]);
    const [one] = describeNode({ ...node, minInSync: 1, dataLimitBytes: 1_000, held: [replicaOf(4, ['a'])] }).warnings;
    expect(one).toMatch(/^shard 4: there is only a single copy/);
    const onDisk = { ...node, durability: 'always', minInSync: 1, dataLimitBytes: 1_000, held: [replicaOf(4, ['a'])] } as const;
    expect(describeNode(onDisk).warnings).toEqual([expect.stringContaining('if its disk fails, its data is lost')]);
  });

  test('where the data is, how far the database is behind, and a warning while it gives no answer', () => {
    const facts = { ...node, minInSync: 1, dataLimitBytes: 1_000, held: [] };
    expect(describeNode(facts)).toMatchObject({ state: 'memory', stateLag: 0, stateImpaired: false });
    const database = { kind: 'postgres', silentMs: 6_400, lagEntries: 70 } as const;
    expect(describeNode({ ...facts, database })).toMatchObject({ state: 'postgres', stateLag: 70, warnings: [] });
    const impaired = describeNode({ ...facts, database, isImpaired: true });
    expect(impaired.stateImpaired).toBe(true);
    expect(impaired.warnings).toEqual([expect.stringContaining('(postgres) has not answered for 6 s, and lacks 70 entries')]);
  });

  test('warnings that descriptors are short, and that the log cannot be written', () => {
    const healthy = describeNode({ ...node, minInSync: 1, dataLimitBytes: 1_000, held: [] });
    expect(healthy).toMatchObject({ logLinesDropped: 0, openDescriptors: 20, maxDescriptors: 64, warnings: [] });
    const amiss = describeNode({
      ...node,
      minInSync: 1,
      dataLimitBytes: 1_000,
      held: [],
      log: { droppedLines: 3, problem: 'ENOSPC: no space left on device, write' },
      descriptors: { open: Number.NaN, allowed: Number.NaN, problem: 'all are in use' },
    });
    expect(amiss).toMatchObject({ logLinesDropped: 3, openDescriptors: 0, maxDescriptors: 0 });
    expect(amiss.warnings).toEqual([
      'all are in use',
      'the log of this node cannot be written (ENOSPC: no space left on device, write); 3 lines were dropped since it started',
    ]);
  });
});
