import { describe, expect, test } from 'vitest';
import type { ShardReport, TopologyReport } from '../wire/contract/kv-api.js';
import { TopologyMerge } from './merge-topology.js';

function shardOf(shard: number, epoch: number, primary: string, more: Partial<ShardReport> = {}): ShardReport {
  const primaryAddress = primary === '' ? '' : `${primary}:1`;
  const rest = { replicas: [], minInSync: 1, offline: false, serving: primary !== '', placedNodeIds: [], held: epoch > 0 };
  return { shard, epoch, primaryNodeId: primary, primaryAddress, ...rest, ...more };
}

function report(shards: ShardReport[], more: Partial<TopologyReport> & { readonly live?: string[] } = {}): TopologyReport {
  const { live = ['a', 'b', 'c'], ...rest } = more;
  const nodes = live.map((id) => ({ id, address: `${id}:1`, zone: '', weight: 1, framesVersion: 1, draining: false }));
  return { clusterId: 'one', nodes, shards, placementVersion: 1, shardCount: 2, partial: false, nodesVersion: 1, ...rest };
}

const changes = (shards: ShardReport[], more: Partial<TopologyReport> = {}) =>
  report(shards, { partial: true, nodes: [], ...more });

const primaries = (merge: TopologyMerge) => merge.topology?.shards.map(({ primaryNodeId }) => primaryNodeId);
const ids = (merge: TopologyMerge) => merge.topology?.nodes.map(({ id }) => id);

describe('the topology from reports of several nodes', () => {
  test('each shard is known from a node that holds it', () => {
    const merge = new TopologyMerge();
    expect(merge.topology).toBeUndefined();
    merge.receive('a:1', report([shardOf(0, 3, 'a'), shardOf(1, 0, '')]));
    expect(merge.receive('b:1', report([shardOf(1, 5, 'c')]))).toContain(1);
    expect(primaries(merge)).toEqual(['a', 'c']);
  });

  test('a report of changes - the other shards and the nodes stay unchanged', () => {
    const merge = new TopologyMerge();
    merge.receive('a:1', report([shardOf(0, 3, 'a'), shardOf(1, 2, 'a')]));
    expect(merge.receive('a:1', changes([shardOf(1, 3, 'b')]))).toEqual(new Set([1]));
    expect(primaries(merge)).toEqual(['a', 'b']);
    expect(ids(merge)).toEqual(['a', 'b', 'c']);
  });

  test('the newest epoch counts, and no shard goes back to an older one', () => {
    const merge = new TopologyMerge();
    merge.receive('a:1', report([shardOf(0, 4, 'a')]));
    merge.receive('b:1', report([shardOf(0, 5, 'b')]));
    merge.receive('c:1', report([shardOf(0, 3, 'c')]));
    expect(primaries(merge)).toEqual(['b', '']);
    merge.receive('b:1', report([]));
    expect(primaries(merge)).toEqual(['b', '']);
  });

  test("within an epoch the primary's own report counts, until the primary is disconnected", () => {
    const merge = new TopologyMerge();
    merge.receive('a:1', report([shardOf(0, 4, 'a', { serving: false })]));
    merge.receive('b:1', report([shardOf(0, 4, 'a', { serving: true })]));
    expect(merge.topology?.shards[0]?.serving).toBe(false);
    merge.receive('b:1', changes([shardOf(0, 4, '')]));
    expect(primaries(merge)).toEqual(['a', '']);
    expect(merge.lose('a:1')).toEqual(new Set([0]));
    expect(primaries(merge)).toEqual(['', '']);
  });

  test('a node that has released a shard knows only its placement', () => {
    const merge = new TopologyMerge();
    merge.receive('a:1', report([shardOf(0, 4, 'b')]));
    merge.receive('b:1', report([shardOf(0, 4, 'b')]));
    merge.receive('a:1', changes([shardOf(0, 0, '', { placedNodeIds: ['b', 'c'] })], { placementVersion: 2 }));
    expect(merge.topology?.shards[0]).toMatchObject({ epoch: 4, primaryNodeId: 'b', placedNodeIds: ['b', 'c'] });
  });

  test('the placement of a shard comes from the node with the newest placement', () => {
    const merge = new TopologyMerge();
    merge.receive('a:1', report([shardOf(0, 4, 'a', { placedNodeIds: ['a'] })], { placementVersion: 3 }));
    merge.receive('b:1', report([shardOf(0, 4, 'a', { placedNodeIds: ['b'] })], { placementVersion: 2 }));
    expect(merge.topology).toMatchObject({ placementVersion: 3, shards: [{ placedNodeIds: ['a'] }, {}] });
    // The report does not have its other shards, so their placement is unchanged in the new version.
    merge.receive('b:1', changes([], { placementVersion: 4 }));
    expect(merge.topology).toMatchObject({ placementVersion: 4, shards: [{ placedNodeIds: ['b'] }, {}] });
  });

  test('a node that is cut off from ZooKeeper does not restore an old list of nodes', () => {
    const merge = new TopologyMerge();
    merge.receive('a:1', report([], { live: ['a', 'b', 'd'], nodesVersion: 9 }));
    merge.receive('b:1', report([], { live: ['a', 'b', 'c'], nodesVersion: 7 }));
    expect(ids(merge)).toEqual(['a', 'b', 'd']);
    merge.lose('a:1');
    expect(ids(merge)).toEqual(['a', 'b', 'c']);
  });

  test('a report of another cluster - is ignored, even with higher epochs and versions', () => {
    const merge = new TopologyMerge();
    merge.receive('a:1', report([shardOf(0, 9, 'a'), shardOf(1, 9, 'b')]));
    const before = merge.topology;
    const rest = { clusterId: 'two', shardCount: 1, placementVersion: 99, nodesVersion: 99 };
    expect(merge.receive('b:1', report([shardOf(0, 77, 'b')], rest))).toEqual(new Set());
    expect(merge.topology).toEqual(before);
  });

  test('a node of an earlier version, which reports neither versions nor its shards - counts', () => {
    const merge = new TopologyMerge();
    const old = { shardCount: 0, nodesVersion: 0 };
    merge.receive('a:1', report([shardOf(0, 2, 'a', { held: false }), shardOf(1, 0, '', { held: false })], old));
    merge.receive('b:1', report([shardOf(0, 0, '', { held: false }), shardOf(1, 3, 'b', { held: false })], old));
    expect(primaries(merge)).toEqual(['a', 'b']);
  });
});
