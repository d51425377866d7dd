import { expect, test } from 'vitest';
import type { ShardInfo, Topology } from '../src/wire/contract/kv-api.js';
import { RingChanges } from './ring-changes.js';

/** Each shard is led by the first of its nodes and in sync on all. */
function topologyOf(nodeIds: string[], ...holders: string[][]): Topology {
  const shards = holders.map((ids, shard): ShardInfo => {
    const replicas = ids.map((nodeId) => ({ replicaId: `${nodeId}~1`, nodeId, inSync: true, live: true }));
    const told = { epoch: 1, primaryAddress: '', minInSync: 1, offline: false, serving: true };
    return { shard, primaryNodeId: ids[0] ?? '', replicas, placedNodeIds: ids, ...told };
  });
  const nodes = nodeIds.map((id) => ({ id, address: id, zone: '', weight: 1 }));
  return { clusterId: 'one', nodes, shards, placementVersion: 1 };
}

test('what lasts for two looks is told, once, of each node that it concerns', () => {
  const news = new RingChanges();
  const both = topologyOf(['a', 'b'], ['a', 'b'], ['b']);
  expect(news.linesOf(both)).toEqual([]);
  expect(news.linesOf(both)).toEqual([
    'node a holds 1 of 2 shards, 1 of them as primary',
    'node b holds 2 of 2 shards, 1 of them as primary',
  ]);
  expect(news.linesOf(both)).toEqual([]);
  // A step of a move, which is over at the next look.
  expect(news.linesOf(topologyOf(['a', 'b'], ['b'], ['b']))).toEqual([]);
  expect(news.linesOf(both)).toEqual([]);
  expect(news.linesOf(both)).toEqual([]);
});

test('a node that is gone is told as gone, and as new when it is back', () => {
  const news = new RingChanges();
  for (const _ of [1, 2]) news.linesOf(topologyOf(['a', 'b'], ['a', 'b']));
  const alone = topologyOf(['a'], ['a']);
  expect([...news.linesOf(alone), ...news.linesOf(alone)]).toEqual(['node b is gone']);
  const back = topologyOf(['a', 'b'], ['a', 'b']);
  expect([...news.linesOf(back), ...news.linesOf(back)]).toEqual(['node b holds 1 of 1 shards, 0 of them as primary']);
});
