import { describe, expect, test } from 'vitest';
import type { ShardInfo } from '../wire/contract/kv-api.js';
import { shardsAtRisk } from './stop-check.js';

function shardOf(shard: number, inSync: string, more: Partial<ShardInfo> = {}): ShardInfo {
  const replicas = [...inSync].map((nodeId) => ({ replicaId: `${nodeId}~1`, nodeId, inSync: true, live: true }));
  const primary = { primaryNodeId: 'a', primaryAddress: 'a:1' };
  const rest = { epoch: 2, minInSync: 2, offline: false, serving: true, placedNodeIds: ['a', 'b', 'c'], position: null };
  return { shard, ...primary, ...rest, replicas, ...more };
}

function atRisk(nodeId: string, shards: ShardInfo[], answering = 'abcd'): readonly object[] {
  return shardsAtRisk({ shards }, nodeId, new Set(answering));
}

describe('a node can be taken down', () => {
  test('if enough other copies of each of its shards are in sync', () => {
    expect(atRisk('a', [shardOf(0, 'abc'), shardOf(1, 'acd')])).toEqual([]);
  });
  test('if it has no copy that counts', () => {
    expect(atRisk('d', [shardOf(0, 'ab')])).toEqual([]);
    const joiner = { replicaId: 'd~1', nodeId: 'd', inSync: false, live: true };
    const [shard] = [shardOf(0, 'a')];
    expect(atRisk('d', [{ ...shard, replicas: [...shard.replicas, joiner] }])).toEqual([]);
  });
});

describe('a node cannot be taken down', () => {
  test('if fewer than minInSync copies would be left', () => {
    expect(atRisk('a', [shardOf(0, 'abc'), shardOf(1, 'ab')])).toEqual([{ shard: 1, copiesLeft: 1, copiesNeeded: 2 }]);
  });
  test('if it has the only copy, whatever minInSync is', () => {
    expect(atRisk('a', [shardOf(4, 'a', { minInSync: 0 })])).toEqual([{ shard: 4, copiesLeft: 0, copiesNeeded: 1 }]);
  });
  test('if the other copies are on a node that does not answer, or that is gone', () => {
    expect(atRisk('a', [shardOf(0, 'abc')], 'ab')).toMatchObject([{ copiesLeft: 1 }]);
    const [shard] = [shardOf(0, 'abc')];
    const lost = shard.replicas.map((one) => ({ ...one, live: one.nodeId !== 'c' }));
    expect(atRisk('a', [{ ...shard, replicas: lost }])).toMatchObject([{ copiesLeft: 1 }]);
  });
  test('if its own copy is in sync and about to be registered again, and the others do not suffice', () => {
    const [shard] = [shardOf(0, 'ab')];
    const away = shard.replicas.map((one) => ({ ...one, live: false }));
    expect(atRisk('a', [{ ...shard, offline: true, replicas: away }])).toMatchObject([{ copiesLeft: 0 }]);
    const back = away.map((one) => ({ ...one, live: one.nodeId === 'b' }));
    expect(atRisk('a', [{ ...shard, replicas: back }])).toMatchObject([{ copiesLeft: 1 }]);
    expect(atRisk('a', [{ ...shard, minInSync: 1, replicas: back }])).toEqual([]);
  });
  test('if a shard is placed on it of which no node reports anything', () => {
    expect(atRisk('a', [shardOf(0, '', { epoch: 0, minInSync: 0 })])).toEqual([{ shard: 0, copiesLeft: 0, copiesNeeded: 1 }]);
    expect(atRisk('d', [shardOf(0, '', { epoch: 0 })])).toEqual([]);
  });
});
