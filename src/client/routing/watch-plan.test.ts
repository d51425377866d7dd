import { describe, expect, test } from 'vitest';
import type { Topology } from '../../wire/contract/kv-api.js';
import { planWatches } from './watch-plan.js';

const ids = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);

/** Shard s is on nodes s, s + 1, ...; node 0 follows the last. */
function topologyOf(nodes: number, shards: number, copies: number): Topology {
  const infos = ids(nodes).map((id) => ({ id, address: `${id}:1`, zone: '', weight: 1, framesVersion: 1, draining: false }));
  const shardInfos = Array.from({ length: shards }, (_, shard) => ({
    shard,
    epoch: 1,
    primaryNodeId: '',
    primaryAddress: '',
    replicas: [],
    minInSync: 1,
    offline: false,
    serving: true,
    placedNodeIds: Array.from({ length: copies }, (_unused, copy) => `n${(shard + copy) % nodes}`),
  }));
  return { clusterId: 'one', nodes: infos, shards: shardInfos, placementVersion: 1 };
}

const facts = { base: undefined, watched: [], isSuspect: () => false, random: 0 };

/** The least number of watched holders that any shard has. */
function leastWatched({ shards }: Topology, watched: readonly string[]): number {
  return Math.min(...shards.map(({ placedNodeIds }) => placedNodeIds.filter((id) => watched.includes(`${id}:1`)).length));
}

describe('the nodes that are watched', () => {
  test('include two holders of each shard, and no node that is not needed', () => {
    for (const [nodes, shards] of [
      [5, 16],
      [12, 64],
      [3, 1],
    ] as const)
      for (const random of [0, 0.3, 0.99]) {
        const topology = topologyOf(nodes, shards, 3);
        const base = 'n1:1';
        const planned = planWatches({ ...facts, topology, base, random });
        expect(leastWatched(topology, [...planned, base])).toBeGreaterThanOrEqual(2);
        expect(planned).not.toContain(base);
      }
    expect(planWatches({ ...facts, topology: topologyOf(3, 1, 3), base: 'n1:1' })).toHaveLength(1);
    expect(planWatches({ ...facts, topology: topologyOf(50, 1, 3), base: 'n20:1' })).toHaveLength(2);
  });

  test('include the only holder of a shard', () => {
    expect(planWatches({ ...facts, topology: topologyOf(4, 4, 1), base: 'n0:1' })).toEqual(['n1:1', 'n2:1', 'n3:1']);
  });

  test('stay the same as long as they are needed', () => {
    const topology = topologyOf(12, 12, 3);
    const watched = planWatches({ ...facts, topology, random: 0.5 });
    for (const random of [0, 0.2, 0.9]) expect(planWatches({ ...facts, topology, watched, random })).toEqual(watched);
    expect(planWatches({ ...facts, topology: topologyOf(3, 1, 1), watched: ['n0:1', 'n1:1'] })).toEqual(['n0:1']);
  });

  test('include others in place of a node that cannot be reached', () => {
    const topology = topologyOf(3, 6, 3);
    const isSuspect = (address: string) => address === 'n0:1';
    expect(planWatches({ ...facts, topology, base: 'n0:1', watched: ['n0:1'], isSuspect })).toEqual(['n1:1', 'n2:1']);
  });
});
