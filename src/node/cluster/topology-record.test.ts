import { expect, test } from 'vitest';
import { describeShard } from './topology.js';
import { TopologyRecord } from './topology-record.js';

test('a changed commit index is no change of the topology, and a whole report has the newest one', () => {
  let position = { history: 'h', seq: 1 };
  const cluster = { clusterId: 'c', nodes: [], shards: [], placementVersion: 0, shardCount: 1, partial: false, nodesVersion: 0 };
  const shard = describeShard(0, { minInSync: 1, placement: undefined }, undefined);
  const record = new TopologyRecord({
    shardCount: 1,
    cluster: () => cluster,
    shard: () => ({ ...shard, held: true, position }),
  });
  expect(record.lookAtShard(0)).toBe(true);
  const { revision } = record;
  position = { history: 'h', seq: 2 };
  expect([record.lookAtShard(0), record.since(revision, false)]).toEqual([false, undefined]);
  expect(record.whole(false).shards).toMatchObject([{ position: { seq: 2 } }]);
  position = { history: 'another', seq: 2 };
  expect(record.lookAtShard(0)).toBe(true);
  expect(record.since(revision, false)?.shards).toMatchObject([{ position: { history: 'another' } }]);
});
