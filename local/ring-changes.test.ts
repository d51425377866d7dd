import { expect, test } from 'vitest';
import type { ShardInfo, Topology } from '../src/wire/contract/kv-api.js';
import { RingChanges } from './ring-changes.js';

/** Each shard is in sync on all of its nodes, and the first of them is primary. */
function topologyOf(nodeIds: string[], ...holders: string[][]): Topology {
  const shards = holders.map((ids, shard): ShardInfo => {
    const replicas = ids.map((nodeId) => ({ replicaId: `${nodeId}~1`, nodeId, inSync: true, live: true }));
    const rest = { epoch: 1, primaryAddress: '', minInSync: 1, offline: false, serving: true };
    return { shard, primaryNodeId: ids[0] ?? '', replicas, placedNodeIds: ids, ...rest };
  });
  const nodes = nodeIds.map((id) => ({ id, address: id, zone: '', weight: 1, framesVersion: 1, draining: false }));
  return { clusterId: 'one', nodes, shards, placementVersion: 1 };
}

test('a share that is the same in two topologies is reported once for each changed node', () => {
  const changes = new RingChanges();
  const both = topologyOf(['a', 'b'], ['a', 'b'], ['b']);
  expect(changes.linesOf(both)).toEqual([]);
  expect(changes.linesOf(both)).toEqual([
    'node a holds 1 of 2 shards, 1 of them as primary',
    'node b holds 2 of 2 shards, 1 of them as primary',
  ]);
  expect(changes.linesOf(both)).toEqual([]);
  // A step of a move, which is over in the next topology.
  expect(changes.linesOf(topologyOf(['a', 'b'], ['b'], ['b']))).toEqual([]);
  expect(changes.linesOf(both)).toEqual([]);
  expect(changes.linesOf(both)).toEqual([]);
});

test('a node that vanishes is reported as gone, and with its share when it is back', () => {
  const changes = new RingChanges();
  for (const _ of [1, 2]) changes.linesOf(topologyOf(['a', 'b'], ['a', 'b']));
  const alone = topologyOf(['a'], ['a']);
  expect([...changes.linesOf(alone), ...changes.linesOf(alone)]).toEqual(['node b is gone']);
  const back = topologyOf(['a', 'b'], ['a', 'b']);
  expect([...changes.linesOf(back), ...changes.linesOf(back)]).toEqual(['node b holds 1 of 1 shards, 0 of them as primary']);
});
