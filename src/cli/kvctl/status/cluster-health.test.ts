import { describe, expect, test } from 'vitest';
import type { NodeStatus, ReplicaStatus, ShardInfo } from '../../../wire/contract/kv-api.js';
import { healthOf } from './cluster-health.js';
import { type ClusterHealth, defaultFailOn, exitCodeOfHealth, type FailOn } from './fail-on.js';
import type { GatheredCluster, NodeAnswer } from './gather.js';

const ids = ['a', 'b', 'c'];
const nodes = ids.map((id) => ({ id, address: `${id}:1`, zone: '', weight: 1, framesVersion: 1, draining: false }));

/** A shard with primary `a` and copies on all three nodes, as it is placed. */
const healthyShard: ShardInfo = {
  shard: 0,
  epoch: 2,
  primaryNodeId: 'a',
  primaryAddress: 'a:1',
  minInSync: 2,
  offline: false,
  serving: true,
  replicas: ids.map((id) => ({ replicaId: `${id}~1`, nodeId: id, inSync: true, live: true })),
  placedNodeIds: ids,
};
const primary = { shard: 0, replicaId: 'a~1', role: 'primary', epoch: 2, serving: true, complete: true, lastSeq: 0, peers: [] };

function answers(...warnings: string[]): NodeAnswer[] {
  return nodes.map((node) => {
    const replicas = node.id === 'a' ? [primary as unknown as ReplicaStatus] : [];
    return { node, status: { nodeId: node.id, replicas, warnings: node.id === 'b' ? warnings : [] } as unknown as NodeStatus };
  });
}

function viewOf(shards: readonly Partial<ShardInfo>[], answered = answers()): GatheredCluster {
  const all = shards.map((change, shard) => ({ ...healthyShard, shard, ...change }));
  return { topology: { clusterId: 'one', nodes, shards: all, placementVersion: 7 }, answers: answered };
}

const without = (...gone: string[]) => ({ replicas: healthyShard.replicas.filter(({ nodeId }) => !gone.includes(nodeId)) });
const dead = (id: string) => ({
  replicas: healthyShard.replicas.map((one) => ({ ...one, live: one.nodeId !== id })),
});
const silent = (id: string): NodeAnswer[] =>
  answers().map((one) => (one.node.id === id ? { node: one.node, problem: 'connection refused' } : one));

describe('health of a cluster', () => {
  test.each<[ClusterHealth, string, GatheredCluster]>([
    ['serving', 'every shard has its copies', viewOf([{}, {}])],
    ['serving', 'one moves, with its copies complete', viewOf([{ placedNodeIds: ['b', 'a', 'c'] }])],
    ['warnings', 'a node warns', viewOf([{}], answers('ZooKeeper cannot be reached'))],
    ['warnings', 'a node that leads nothing does not answer', viewOf([{}], silent('c'))],
    ['warnings', 'a copy is missing', viewOf([{}, without('c')])],
    ['warnings', 'a member of the in-sync set is dead', viewOf([{ ...dead('c'), placedNodeIds: ['a', 'b'] }])],
    ['warnings', 'a node on which shards are placed is gone', viewOf([{ placedNodeIds: ['a', 'b', 'gone'] }])],
    ['not-serving', 'a shard is offline', viewOf([{}, { offline: true, serving: false }])],
    ['not-serving', 'every shard is offline', viewOf([{ offline: true }, { offline: true }])],
    ['not-serving', 'the primary does not answer', viewOf([{}], silent('a'))],
    ['not-serving', 'a shard has no primary', viewOf([{}, { shard: 1, serving: false, primaryNodeId: '', epoch: 3 }])],
    ['not-serving', 'no node reports a shard', viewOf([{}, { epoch: 0, replicas: [], serving: false, primaryNodeId: '' }])],
    ['not-serving', 'so few copies are in sync that writes are refused', viewOf([without('b', 'c')])],
    ['not-serving', 'nothing is known of any shard', viewOf([])],
  ])('%s - %s', (health, _what, view) => {
    expect(healthOf(view)).toBe(health);
  });
});

test.each<[ClusterHealth, FailOn, number]>([
  ['serving', 'warnings', 0],
  ['serving', 'not-serving', 0],
  ['warnings', 'warnings', 7],
  ['warnings', 'not-serving', 0],
  ['warnings', 'never', 0],
  ['not-serving', 'warnings', 8],
  ['not-serving', 'not-serving', 8],
  ['not-serving', 'never', 0],
])('kvctl status - %s with --fail-on %s ends with exit code %i', (health, failOn, exitCode) => {
  expect(exitCodeOfHealth(health, failOn)).toBe(exitCode);
});

test('kvctl status && next - without --fail-on the exit code is not 0 if a shard does not serve', () => {
  expect(exitCodeOfHealth('not-serving', defaultFailOn)).not.toBe(0);
});
