import { describe, expect, test } from 'vitest';
import type { ShardInfo, Topology } from '../src/wire/contract/kv-api.js';
import { canLose, movingShards, withPart } from './moving.js';

/** A shard whose `holders` are in sync and live. */
function shardOf(shard: number, placedNodeIds: string[], holders: string[], more: Partial<ShardInfo> = {}): ShardInfo {
  const replicas = holders.map((nodeId) => ({ replicaId: `${nodeId}~1`, nodeId, inSync: true, live: true }));
  const common = { epoch: 1, primaryNodeId: '', primaryAddress: '', minInSync: 1, offline: false, serving: true };
  return { shard, replicas, placedNodeIds, ...common, ...more };
}

const topologyOf = (...shards: ShardInfo[]): Topology => ({ clusterId: 'one', nodes: [], shards, placementVersion: 1 });

describe('a move in a topology', () => {
  test('a shard moves while its holders are not the nodes on which it is placed', () => {
    const gives = shardOf(1, ['a', 'b'], ['a', 'b', 'c']);
    const takes = shardOf(2, ['a', 'b'], ['a']);
    expect(movingShards(topologyOf(shardOf(0, ['a', 'b'], ['b', 'a']), gives, takes))).toEqual([gives, takes]);
  });

  test('a holder outside the placement gives, a placed node without a copy takes, a placed holder stands by', () => {
    const shard = shardOf(0, ['a', 'b', 'd'], ['a', 'b', 'c']);
    expect(withPart('giver', shard)).toEqual(['c']);
    expect(withPart('taker', shard)).toEqual(['d']);
    expect(withPart('bystander', shard)).toEqual(['a', 'b']);
  });

  test('a copy that is not in sync, or at a dead node, does not count', () => {
    const [first, second, third] = shardOf(0, [], ['a', 'b', 'c']).replicas;
    const replicas = [first!, { ...second!, inSync: false }, { ...third!, live: false }];
    const shard = shardOf(0, ['a', 'b', 'c'], [], { replicas });
    expect(withPart('taker', shard)).toEqual(['b', 'c']);
    expect(canLose(topologyOf(shard), ['b', 'c'])).toBe(true);
    expect(canLose(topologyOf(shard), ['a'])).toBe(false);
  });
});
