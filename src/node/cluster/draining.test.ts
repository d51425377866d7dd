import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { NodeRegistration } from '../../coordination/index.js';
import type { Topology } from '../../wire/contract/kv-api.js';
import { Draining } from './draining.js';

class Bench {
  nodes: NodeRegistration[] = ['a', 'b', 'c', 'd'].map((nodeId) => ({ nodeId, address: `${nodeId}:1` }));
  readonly marks = new Set<string>();
  topology = { nodes: [], shards: [] } as unknown as Topology;
  answeringIds = new Set(['a', 'b']);
  readonly draining: Draining;

  constructor(replicas = 3, minInSync = 1) {
    this.draining = new Draining({
      config: { replicas, minInSync },
      drains: {
        read: async () => ({ nodes: this.nodes, drainingIds: [...this.marks] }),
        mark: async (nodeId) => void this.marks.add(nodeId),
        unmark: async (nodeId) => void this.marks.delete(nodeId),
      },
      logger: pino({ level: 'silent' }),
      placement: () => ({
        version: 1,
        shards: [
          ['a', 'b', 'gone'],
          ['b', 'c', 'd'],
          ['a', 'c', 'd'],
        ],
      }),
      reports: async () => ({ topology: this.topology, answeringIds: this.answeringIds }),
    });
  }

  set(nodeId: string, draining: boolean): Promise<object> {
    return this.draining.set({ nodeId, draining });
  }
}

describe('draining a node', () => {
  test('marks it while enough other nodes are left, and repeating that changes nothing', async () => {
    const bench = new Bench();
    expect(await bench.set('b', true)).toEqual({ shardCount: 2 });
    expect(await bench.set('b', true)).toEqual({ shardCount: 2 });
    expect([...bench.marks]).toEqual(['b']);
    expect(await bench.set('b', false)).toEqual({ shardCount: 2 });
    expect([...bench.marks]).toEqual([]);
    await bench.set('b', false);
  });

  test('is refused if too few other nodes would be left, and the message names the shards', async () => {
    const bench = new Bench();
    await bench.set('b', true);
    await expect(bench.set('a', true)).rejects.toMatchObject({
      code: 'NOT_DRAINED',
      executed: 'no',
      message:
        'node a was not drained: only c, d can take shards, so shards 0, 2 would have 2 copies instead of 3. Start another node first',
    });
    expect([...bench.marks]).toEqual(['b']);
  });

  test('nodes that leave do not count, and too few copies for writes are named', async () => {
    const bench = new Bench(2, 2);
    bench.nodes = bench.nodes.map((node) => ({ ...node, leaving: node.nodeId > 'b' }));
    await expect(bench.set('a', true)).rejects.toThrow(/would have 1 copy instead of 2, and refuse writes, which need 2 in sync/);
    bench.nodes = bench.nodes.slice(0, 1);
    await expect(bench.set('a', true)).rejects.toThrow(/no other node can take shards/);
  });

  test('a node that is gone can be drained while shards are placed on it, and its mark removed afterwards', async () => {
    const bench = new Bench();
    await bench.set('gone', true);
    bench.marks.add('gone for long');
    await bench.set('gone for long', false);
    expect([...bench.marks]).toEqual(['gone']);
    await expect(bench.set('nobody', true)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

test('a check names the shards at risk, and the nodes that do not answer', async () => {
  const bench = new Bench();
  const info = { shard: 0, epoch: 1, minInSync: 1, placedNodeIds: ['a', 'c'] };
  const replicas = ['a', 'c'].map((nodeId) => ({ replicaId: `${nodeId}~1`, nodeId, inSync: true, live: true }));
  const nodes = ['a', 'b', 'c'].map((id) => ({ id }));
  bench.topology = { nodes, shards: [{ ...info, replicas }] } as unknown as Topology;
  expect(await bench.draining.checkStop({ nodeId: 'a' })).toEqual({
    shards: [{ shard: 0, copiesLeft: 0, copiesNeeded: 1 }],
    silentNodeIds: ['c'],
  });
  expect(await bench.draining.checkStop({ nodeId: 'b' })).toEqual({ shards: [], silentNodeIds: ['c'] });
  await expect(bench.draining.checkStop({ nodeId: 'nobody' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
