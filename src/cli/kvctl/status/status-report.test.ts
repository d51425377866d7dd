import { describe, expect, test } from 'vitest';
import type { NodeStatus, ReplicaStatus } from '../../../wire/contract/kv-api.js';
import { size } from '../figures.js';
import type { GatheredCluster } from './gather.js';
import { lagOf } from './shard-view.js';
import { collectWarnings, renderStatus, toJson } from './status-report.js';

const primary = {
  shard: 0,
  replicaId: 'a~1',
  role: 'primary',
  epoch: 4,
  serving: true,
  complete: true,
  lastSeq: 20,
  commitIndex: 18,
  keys: 7,
  dataBytes: 3 * 2 ** 20,
  dataLimitBytes: 2 ** 29,
  peers: [{ replicaId: 'b~1', nodeId: 'b', inSync: true, phase: 'replicating', ackedSeq: 18 }],
} as unknown as ReplicaStatus;
const backup = { ...primary, replicaId: 'b~1', role: 'backup', lastSeq: 18, peers: [] };

const view: GatheredCluster = {
  topology: {
    clusterId: 'cluster-1',
    nodes: [],
    shards: [
      {
        shard: 0,
        epoch: 4,
        primaryNodeId: 'a',
        primaryAddress: 'a:1',
        replicas: [
          { replicaId: 'a~1', nodeId: 'a', inSync: true, live: true },
          { replicaId: 'b~1', nodeId: 'b', inSync: true, live: false },
        ],
        minInSync: 1,
        offline: true,
        serving: false,
        placedNodeIds: [],
      },
    ],
    placementVersion: 0,
  },
  answers: [
    {
      node: { id: 'a', address: 'a:1', zone: '', weight: 1, framesVersion: 1, draining: false },
      status: {
        nodeId: 'a',
        uptimeMs: 61_000,
        keys: 7,
        dataBytes: 3 * 2 ** 20,
        dataLimitBytes: 2 ** 29,
        memoryBytes: 100 * 2 ** 20,
        maxMemoryBytes: 2 ** 30,
        zookeeper: 'connected',
        version: '1.2.3',
        replicas: [primary],
        warnings: ['careful'],
      } as unknown as NodeStatus,
    },
    { node: { id: 'b', address: 'b:1', zone: '', weight: 1, framesVersion: 1, draining: false }, problem: 'connection refused' },
  ],
};

describe('kvctl status', () => {
  test('a node with a database - its kind, how far it is behind, and that it gives no answer', () => {
    const [one, silent] = view.answers;
    const shown = (more: Partial<NodeStatus>) =>
      renderStatus({ ...view, answers: [{ ...one!, status: { ...one!.status!, ...more } }, silent!] });
    expect(shown({ state: 'memory' })).not.toMatch(/memory, lag/);
    expect(shown({ state: 'postgres', stateLag: 1_234, stateImpaired: false })).toContain('postgres, lag 1,234 ');
    expect(shown({ state: 'postgres', stateLag: 1_234, stateImpaired: true })).toContain('postgres, lag 1,234, NO ANSWER');
  });

  test('the first line reports an upgrade that is not finished', () => {
    const [one, silent] = view.answers;
    const answers = (...supported: (readonly [inUse: number, newest: number])[]) => [
      ...supported.map(([formatInUse, newestFormat]) => ({ ...one!, status: { ...one!.status!, formatInUse, newestFormat } })),
      silent!,
    ];
    const firstLine = (...supported: (readonly [inUse: number, newest: number])[]) =>
      renderStatus({ ...view, answers: answers(...supported) }).split('\n')[0];
    expect(firstLine([6, 6])).not.toContain('upgrade');
    expect(firstLine([6, 6], [6, 7])).toContain(
      '; upgrade from format 6 to 7 not finished, 1 of 3 nodes support it ("kvctl upgrade")',
    );
    // A node that has not learned the newer format yet does not count as an upgrade that is not finished.
    expect(firstLine([6, 7], [7, 7])).not.toContain('upgrade');
  });

  test('shows nodes, shards and replicas, and the nodes that did not answer', () => {
    const text = renderStatus(view);
    expect(text).toMatch(/│ a +│ a:1 +│ 1 +│ 1 +│ 7 +│ 3 MiB of 512 MiB +│ 100 MiB of 1 GiB +│ 61 s +│ connected +│ 1\.2\.3 +│/);
    expect(text).toMatch(/│ b +│ b:1 +│ no answer/);
    expect(text).toMatch(/│ 0 +│ 0-16383 +│ a +│ 4 +│ 2, 1 of them live +│ 1 +│ OFFLINE +│ 0 +│ - +│/);
    expect(text).toMatch(/│ 0 +│ a +│ primary +│ 4 +│ yes +│ 20 +│ 18 +│ 0 +│ 7 +│ 3 MiB +│/);
  });

  test('a shard whose primary has just died - is not shown as serving, neither as text nor in JSON', () => {
    const [shard] = view.topology.shards;
    const topology = { ...view.topology, shards: [{ ...shard!, offline: false, serving: true }] };
    const [answered, silent] = view.answers;
    const seen = { topology, answers: [answered!, silent!] };
    expect(renderStatus(seen)).toMatch(/│ serving +│/);
    expect(toJson(seen)).toMatchObject({ topology: { shards: [{ state: 'serving', serving: true }] } });

    const dead = { node: answered!.node, problem: 'connection refused' };
    for (const answers of [[dead, silent!], [silent!]]) {
      expect(renderStatus({ topology, answers })).toMatch(/│ primary does not answer +│/);
      expect(toJson({ topology, answers })).toMatchObject({
        topology: { shards: [{ state: 'primary does not answer', serving: false }] },
        warnings: collectWarnings({ topology, answers }),
      });
    }
  });

  test('collects the warnings of the nodes, offline shards and nodes that do not answer', () => {
    const warnings = collectWarnings(view);
    expect(warnings[0]).toContain('kvctl shard force-primary --all');
    expect(warnings[1]).toBe('node b is registered but does not answer: connection refused');
    expect(warnings[2]).toBe('a: careful');
  });

  test('warns of a node of another cluster at the address of a registered node', () => {
    const node = { id: 'b', address: 'b:1', zone: '', weight: 1, framesVersion: 1, draining: false };
    const warnings = collectWarnings({ ...view, answers: [{ node, problem: 'refused', otherCluster: 'cluster-2' }] });
    expect(warnings[1]).toMatch(/^node b is registered, but a node of another cluster, cluster-2, answers at its address b:1/);
  });

  test('gone nodes on which shards are placed are named, with the number of shards', () => {
    const [shard] = view.topology.shards;
    const nodes = [view.answers[0]!.node];
    const placed = ['a', 'gone'];
    const shards = [0, 1, 2].map((number) => ({ ...shard!, shard: number, offline: false, placedNodeIds: placed }));
    const warnings = collectWarnings({ topology: { ...view.topology, nodes, shards }, answers: [] });
    expect(warnings).toEqual([expect.stringMatching(/^node gone is gone and is to hold 3 shards: /)]);
  });

  test('many shards - shows those that need attention, with actual and wanted copies, and replicas only with --all', () => {
    const [shard] = view.topology.shards;
    const settled = { ...shard!, offline: false, serving: true, placedNodeIds: ['a'], replicas: [shard!.replicas[0]!] };
    const wanting = { ...settled, shard: 7, placedNodeIds: ['a', 'c'] };
    const shards = [...[0, 1, 2, 3, 4, 5, 6].map((number) => ({ ...settled, shard: number })), wanting];
    const seen = { topology: { ...view.topology, shards }, answers: view.answers };
    const text = renderStatus(seen);
    expect(text).toMatch(/│ 7 +│ 14336-16383 +│ a +│ 4 +│ 1 of 2 +│ 1 +│ serving +│ - +│ awaits c +│/);
    expect(text).not.toMatch(/│ 3 +│ 6144-8191 +│/);
    expect(text).not.toContain('last seq');
    expect(text).toContain('--all shows every shard and replica');
    expect(renderStatus(seen, true)).toMatch(/│ 3 +│ 6144-8191 +│ a +│ 4 +│ 1 +│/);
    expect(renderStatus(seen, true)).toContain('last seq');
  });

  test('sizes - are shown in the largest unit that keeps the figure at 1 or more', () => {
    const sizes = [0, 1_023, 1_024, 1_600, 374_000, 10 * 2 ** 20, 2.5 * 2 ** 30].map(size);
    expect(sizes).toEqual(['0 B', '1,023 B', '1 KiB', '1.6 KiB', '365 KiB', '10 MiB', '2.5 GiB']);
  });

  test('the lag is the number of entries of the primary that the replica has not acknowledged', () => {
    expect(lagOf(backup, [primary, backup])).toBe(2);
    expect(lagOf(primary, [primary, backup])).toBe(0);
  });

  test('the lag is not known without a primary, or with a primary of an older epoch', () => {
    expect(lagOf(backup, [backup])).toBeUndefined();
    expect(lagOf({ ...backup, epoch: 5 }, [primary])).toBeUndefined();
  });
});
