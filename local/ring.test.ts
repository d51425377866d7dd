import { describe, expect, test } from 'vitest';
import type { ShardInfo, Topology } from '../src/wire/contract/kv-api.js';
import { isAsPlaced, isAtRest, isInSync, movementBetween, percent, sharesOf } from './ring.js';

/** A shard that is in sync where it is placed, with the first node as primary. `more` overrides fields. */
function shardOn(shard: number, placedNodeIds: string[], more: Partial<ShardInfo> = {}): ShardInfo {
  const [primaryNodeId = ''] = placedNodeIds;
  const replicas = placedNodeIds.map((nodeId) => ({ replicaId: `${nodeId}~1`, nodeId, inSync: true, live: true }));
  const common = { epoch: 1, primaryAddress: '', minInSync: 1, offline: false, serving: true };
  return { shard, primaryNodeId, replicas, placedNodeIds, ...common, ...more };
}

const topologyOf = (...shards: ShardInfo[]): Topology => ({
  nodes: ['a', 'b', 'c'].map((id) => ({ id, address: `${id}:1`, zone: '', weight: 1, framesVersion: 1, draining: false })),
  clusterId: 'one',
  shards,
  placementVersion: 1,
});

describe('the ring of a topology', () => {
  test('shares - the numbers of shards that are placed on each node, and of which it is primary', () => {
    expect(sharesOf(topologyOf(shardOn(0, ['a', 'b']), shardOn(1, ['b', 'a']), shardOn(2, ['b', 'c'])))).toEqual([
      { nodeId: 'a', shards: 2, primaryOf: 1 },
      { nodeId: 'b', shards: 3, primaryOf: 2 },
      { nodeId: 'c', shards: 1, primaryOf: 0 },
    ]);
  });

  test('movement - counts copies at nodes that did not hold the shard before; another order moves nothing', () => {
    const before = topologyOf(shardOn(0, ['a', 'b']), shardOn(1, ['b', 'a']), shardOn(2, ['b', 'c']));
    const after = topologyOf(shardOn(0, ['b', 'a']), shardOn(1, ['b', 'd']), shardOn(2, ['c', 'd']));
    expect(movementBetween(before, after)).toEqual({ copies: 6, moved: 2, shards: [1, 2] });
    expect(percent(2, 6)).toBe('33 %');
  });

  test('as placed - not while a copy arrives or leaves, or the primary changes', () => {
    const settled = shardOn(0, ['a', 'b']);
    expect(isAsPlaced(topologyOf(settled))).toBe(true);
    const [first, second] = settled.replicas;
    const extra = { replicaId: 'c~1', nodeId: 'c', inSync: true, live: true };
    for (const more of [
      { primaryNodeId: 'b' },
      { replicas: [first!, { ...second!, inSync: false }] },
      { replicas: [first!, { ...second!, live: false }] },
      { replicas: [...settled.replicas, extra] },
      // The replica is out of the set, and not released yet.
      { replicas: [...settled.replicas, { ...extra, inSync: false }] },
      { serving: false },
    ])
      expect(isAsPlaced(topologyOf(settled, { ...settled, shard: 1, ...more }))).toBe(false);
    expect(isAsPlaced({ ...topologyOf(settled), placementVersion: 0 })).toBe(false);
  });

  test('at rest - not while a node that is gone is still placed, or a new one is not placed yet', () => {
    const three = topologyOf(shardOn(0, ['a', 'b', 'c']), shardOn(1, ['b', 'c', 'a']));
    expect(isAtRest(three, 3, 3)).toBe(true);
    expect(isAtRest(three, 2, 3)).toBe(false);
    const two = topologyOf(shardOn(0, ['a', 'b']), shardOn(1, ['b', 'a']));
    expect(isAtRest(two, 3, 3)).toBe(false);
    expect(isAtRest(two, 3, 2)).toBe(true);
    expect(isAtRest({ ...two, nodes: two.nodes.slice(0, 2) }, 2, 3)).toBe(true);
    expect(isAtRest(topologyOf(shardOn(0, ['a', 'b', 'c'], { primaryNodeId: 'b' })), 3, 3)).toBe(false);
  });

  test('in sync - with the wanted number of replicas, or all placed ones if these are fewer', () => {
    expect(isInSync(topologyOf(shardOn(0, ['a', 'b']), shardOn(1, ['b', 'c'])), 2)).toBe(true);
    expect(isInSync(topologyOf(shardOn(0, ['a', 'b']), shardOn(1, ['b', 'c'])), 5)).toBe(true);
    expect(isInSync(topologyOf(shardOn(0, ['a', 'b', 'c'])), 2)).toBe(false);
    const everywhere = shardOn(0, ['a', 'b', 'c'], { placedNodeIds: [] });
    expect(isInSync(topologyOf(everywhere), 3)).toBe(true);
    expect(isInSync(topologyOf(everywhere), 2)).toBe(false);
    expect(isInSync(topologyOf(), 0)).toBe(false);
  });
});
