import { expect, test } from 'vitest';
import type { ShardInfo, Topology } from '../rpc/kv-api.js';
import { wholeTopology } from './whole-topology.js';

const info = (shard: number, epoch: number, primaryNodeId: string, serving = true, placed = ['a']): ShardInfo => ({
  ...{ shard, epoch, primaryNodeId, primaryAddress: `${primaryNodeId}:1`, replicas: [], minInSync: 1, offline: false },
  ...{ serving, placedNodeIds: placed },
});

const topologyOf = (shards: ShardInfo[], placementVersion = 1): Topology => ({
  ...{ clusterId: 'one', nodes: [], shards, placementVersion },
});

test('of every shard what is newest, whichever node tells it', () => {
  const whole = wholeTopology([
    { nodeId: 'a', topology: topologyOf([info(0, 3, 'a'), info(1, 0, '')]) },
    { nodeId: 'b', topology: topologyOf([info(0, 2, 'c'), info(1, 5, 'b')]) },
  ]);
  expect(whole?.shards.map(({ epoch, primaryNodeId }) => [epoch, primaryNodeId])).toEqual([
    [3, 'a'],
    [5, 'b'],
  ]);
});

test('of one epoch the word of the primary itself', () => {
  const reports = ['a', 'b', 'c'].map((nodeId) => ({ nodeId, topology: topologyOf([info(0, 3, 'b', nodeId !== 'b')]) }));
  expect(wholeTopology(reports)?.shards[0]?.serving).toBe(false);
});

test('where shards are placed is told by who knows the newest placement', () => {
  const whole = wholeTopology([
    { nodeId: 'a', topology: topologyOf([info(0, 9, 'a', true, ['a', 'b'])], 4) },
    { nodeId: 'b', topology: topologyOf([info(0, 8, 'a', true, ['a', 'c'])], 5) },
  ]);
  expect(whole).toMatchObject({ placementVersion: 5, shards: [{ epoch: 9, placedNodeIds: ['a', 'c'] }] });
});

test('nobody tells - nothing is known', () => {
  expect(wholeTopology([])).toBeUndefined();
});
