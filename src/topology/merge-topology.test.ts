import { describe, expect, test } from 'vitest';
import type { ShardReport, TopologyReport } from '../wire/contract/kv-api.js';
import { TopologyMerge } from './merge-topology.js';

function told(shard: number, epoch: number, primary: string, more: Partial<ShardReport> = {}): ShardReport {
  const primaryAddress = primary === '' ? '' : `${primary}:1`;
  const rest = { replicas: [], minInSync: 1, offline: false, serving: primary !== '', placedNodeIds: [], held: epoch > 0 };
  return { shard, epoch, primaryNodeId: primary, primaryAddress, ...rest, ...more };
}

function report(shards: ShardReport[], more: Partial<TopologyReport> & { readonly live?: string[] } = {}): TopologyReport {
  const { live = ['a', 'b', 'c'], ...rest } = more;
  const nodes = live.map((id) => ({ id, address: `${id}:1`, zone: '', weight: 1 }));
  return { clusterId: 'one', nodes, shards, placementVersion: 1, shardCount: 2, partial: false, nodesVersion: 1, ...rest };
}

const news = (shards: ShardReport[], more: Partial<TopologyReport> = {}) => report(shards, { partial: true, nodes: [], ...more });

const primaries = (merge: TopologyMerge) => merge.topology?.shards.map(({ primaryNodeId }) => primaryNodeId);
const ids = (merge: TopologyMerge) => merge.topology?.nodes.map(({ id }) => id);

describe('what several nodes tell', () => {
  test('each shard is known from who holds it', () => {
    const merge = new TopologyMerge();
    expect(merge.topology).toBeUndefined();
    merge.hear('a:1', report([told(0, 3, 'a'), told(1, 0, '')]));
    expect(merge.hear('b:1', report([told(1, 5, 'c')]))).toContain(1);
    expect(primaries(merge)).toEqual(['a', 'c']);
  });

  test('a change tells of its shards alone - the others, and the nodes, are as they were', () => {
    const merge = new TopologyMerge();
    merge.hear('a:1', report([told(0, 3, 'a'), told(1, 2, 'a')]));
    expect(merge.hear('a:1', news([told(1, 3, 'b')]))).toEqual(new Set([1]));
    expect(primaries(merge)).toEqual(['a', 'b']);
    expect(ids(merge)).toEqual(['a', 'b', 'c']);
  });

  test('the newest epoch counts, and no shard goes back to an older one', () => {
    const merge = new TopologyMerge();
    merge.hear('a:1', report([told(0, 4, 'a')]));
    merge.hear('b:1', report([told(0, 5, 'b')]));
    merge.hear('c:1', report([told(0, 3, 'c')]));
    expect(primaries(merge)).toEqual(['b', '']);
    merge.hear('b:1', report([]));
    expect(primaries(merge)).toEqual(['b', '']);
  });

  test("of one epoch the primary's own word counts, until it is not heard any more", () => {
    const merge = new TopologyMerge();
    merge.hear('a:1', report([told(0, 4, 'a', { serving: false })]));
    merge.hear('b:1', report([told(0, 4, 'a', { serving: true })]));
    expect(merge.topology?.shards[0]?.serving).toBe(false);
    merge.hear('b:1', news([told(0, 4, '')]));
    expect(primaries(merge)).toEqual(['a', '']);
    expect(merge.lose('a:1')).toEqual(new Set([0]));
    expect(primaries(merge)).toEqual(['', '']);
  });

  test('a node that releases a shard knows no more of it than where it is placed', () => {
    const merge = new TopologyMerge();
    merge.hear('a:1', report([told(0, 4, 'b')]));
    merge.hear('b:1', report([told(0, 4, 'b')]));
    merge.hear('a:1', news([told(0, 0, '', { placedNodeIds: ['b', 'c'] })], { placementVersion: 2 }));
    expect(merge.topology?.shards[0]).toMatchObject({ epoch: 4, primaryNodeId: 'b', placedNodeIds: ['b', 'c'] });
  });

  test('where a shard is placed is told by who knows the newest placement', () => {
    const merge = new TopologyMerge();
    merge.hear('a:1', report([told(0, 4, 'a', { placedNodeIds: ['a'] })], { placementVersion: 3 }));
    merge.hear('b:1', report([told(0, 4, 'a', { placedNodeIds: ['b'] })], { placementVersion: 2 }));
    expect(merge.topology).toMatchObject({ placementVersion: 3, shards: [{ placedNodeIds: ['a'] }, {}] });
    // Its other shards are where they were: then they are so in the new placement as well.
    merge.hear('b:1', news([], { placementVersion: 4 }));
    expect(merge.topology).toMatchObject({ placementVersion: 4, shards: [{ placedNodeIds: ['b'] }, {}] });
  });

  test('a node that is cut off from ZooKeeper does not bring back an old list of nodes', () => {
    const merge = new TopologyMerge();
    merge.hear('a:1', report([], { live: ['a', 'b', 'd'], nodesVersion: 9 }));
    merge.hear('b:1', report([], { live: ['a', 'b', 'c'], nodesVersion: 7 }));
    expect(ids(merge)).toEqual(['a', 'b', 'd']);
    merge.lose('a:1');
    expect(ids(merge)).toEqual(['a', 'b', 'c']);
  });

  test('what a node of another cluster tells - is left out, whatever its epochs and versions', () => {
    const merge = new TopologyMerge();
    merge.hear('a:1', report([told(0, 9, 'a'), told(1, 9, 'b')]));
    const before = merge.topology;
    const rest = { clusterId: 'two', shardCount: 1, placementVersion: 99, nodesVersion: 99 };
    expect(merge.hear('b:1', report([told(0, 77, 'b')], rest))).toEqual(new Set());
    expect(merge.topology).toEqual(before);
  });

  test('a node of an earlier version, which tells neither versions nor what it holds - is believed', () => {
    const merge = new TopologyMerge();
    const old = { shardCount: 0, nodesVersion: 0 };
    merge.hear('a:1', report([told(0, 2, 'a', { held: false }), told(1, 0, '', { held: false })], old));
    merge.hear('b:1', report([told(0, 0, '', { held: false }), told(1, 3, 'b', { held: false })], old));
    expect(primaries(merge)).toEqual(['a', 'b']);
  });
});
