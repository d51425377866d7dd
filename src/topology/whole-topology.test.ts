import { expect, test } from 'vitest';
import type { ShardReport, TopologyReport } from '../wire/contract/kv-api.js';
import { wholeTopology } from './whole-topology.js';

const info = (shard: number, epoch: number, primaryNodeId: string, serving = true, placed = ['a']): ShardReport => ({
  shard,
  epoch,
  primaryNodeId,
  primaryAddress: `${primaryNodeId}:1`,
  replicas: [],
  minInSync: 1,
  offline: false,
  serving,
  placedNodeIds: placed,
  held: epoch > 0,
});

const reportOf = (shards: ShardReport[], placementVersion = 1): TopologyReport => ({
  clusterId: 'one',
  nodes: [],
  shards,
  placementVersion,
  shardCount: 2,
  partial: false,
  nodesVersion: 1,
});

const seen = reportOf([info(0, 0, ''), info(1, 0, '')]);

test('for every shard the newest report counts, from any node', () => {
  const whole = wholeTopology(seen, [
    { from: 'a:1', report: reportOf([info(0, 3, 'a'), info(1, 0, '')]) },
    { from: 'b:1', report: reportOf([info(0, 2, 'c'), info(1, 5, 'b')]) },
  ]);
  expect(whole.shards.map(({ epoch, primaryNodeId }) => [epoch, primaryNodeId])).toEqual([
    [3, 'a'],
    [5, 'b'],
  ]);
});

test('within an epoch the report of the primary itself counts', () => {
  const reports = ['a', 'b', 'c'].map((id) => ({ from: `${id}:1`, report: reportOf([info(0, 3, 'b', id !== 'b')]) }));
  expect(wholeTopology(seen, reports).shards[0]?.serving).toBe(false);
});

test('the placement of shards comes from the node with the newest placement', () => {
  const whole = wholeTopology(seen, [
    { from: 'a:1', report: reportOf([info(0, 9, 'a', true, ['a', 'b'])], 4) },
    { from: 'b:1', report: reportOf([info(0, 8, 'a', true, ['a', 'c'])], 5) },
  ]);
  expect(whole).toMatchObject({ placementVersion: 5, shards: [{ epoch: 9, placedNodeIds: ['a', 'c'] }, {}] });
});

test('no other node answers - the first report counts', () => {
  const whole = wholeTopology(reportOf([info(0, 3, 'a'), info(1, 4, 'b')], 6), []);
  expect(whole).toMatchObject({ placementVersion: 6, shards: [{ epoch: 3 }, { epoch: 4 }] });
});
