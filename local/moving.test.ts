import { describe, expect, test } from 'vitest';
import type { ShardInfo, Topology } from '../src/wire/contract/kv-api.js';
import { canLose, movingShards, withPart } from './moving.js';

/** `holders` in sync and live. */
function shardOf(shard: number, placedNodeIds: string[], holders: string[], more: Partial<ShardInfo> = {}): ShardInfo {
  const replicas = holders.map((nodeId) => ({ replicaId: `${nodeId}~1`, nodeId, inSync: true, live: true }));
  const common = { epoch: 1, primaryNodeId: '', primaryAddress: '', minInSync: 1, offline: false, serving: true };
  return { shard, replicas, placedNodeIds, ...common, ...more };
}

const topologyOf = (...shards: ShardInfo[]): Topology => ({ clusterId: 'one', nodes: [], shards, placementVersion: 1 });

describe('a move as a topology tells it', () => {
  test('a shard moves while its holders are others than those it is placed on', () => {
    const gives = shardOf(1, ['a', 'b'], ['a', 'b', 'c']);
    const takes = shardOf(2, ['a', 'b'], ['a']);
    expect(movingShards(topologyOf(shardOf(0, ['a', 'b'], ['b', 'a']), gives, takes))).toEqual([gives, takes]);
  });

  test('who holds it and is not to, gives; who is to and does not, takes; who does and is to, stands by', () => {
    const shard = shardOf(0, ['a', 'b', 'd'], ['a', 'b', 'c']);
    expect(withPart('giver', shard)).toEqual(['c']);
    expect(withPart('taker', shard)).toEqual(['d']);
    expect(withPart('bystander', shard)).toEqual(['a', 'b']);
  });

  test('a copy that is not in sync, or at a node that is dead, is none', () => {
    const [first, second, third] = shardOf(0, [], ['a', 'b', 'c']).replicas;
    const replicas = [first!, { ...second!, inSync: false }, { ...third!, live: false }];
    const shard = shardOf(0, ['a', 'b', 'c'], [], { replicas });
    expect(withPart('taker', shard)).toEqual(['b', 'c']);
    expect(canLose(topologyOf(shard), ['b', 'c'])).toBe(true);
    expect(canLose(topologyOf(shard), ['a'])).toBe(false);
  });
});
