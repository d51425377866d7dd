import { describe, expect, test } from 'vitest';
import type { Topology } from '../src/index.js';
import { PrimaryTimeline } from './primaries.js';

const topologyOf = (...primaries: string[]): Topology => ({
  clusterId: 'one',
  nodes: [],
  placementVersion: 0,
  shards: primaries.map((primaryNodeId, shard) => ({
    shard,
    epoch: 1,
    primaryNodeId,
    primaryAddress: '',
    replicas: [],
    minInSync: 1,
    offline: false,
    serving: true,
    placedNodeIds: [],
  })),
});

describe('primaries over time', () => {
  test('one shard - every change is reported, with the ids of the nodes', () => {
    const timeline = new PrimaryTimeline();
    expect(timeline.observe(topologyOf('a'), 0)).toBeUndefined();
    expect(timeline.observe(topologyOf('a'), 10)).toBeUndefined();
    expect(timeline.observe(topologyOf(''), 20)).toEqual({ atMs: 20, before: 'a', primary: 'none' });
    expect(timeline.observe(topologyOf('b'), 30)).toEqual({ atMs: 30, before: 'none', primary: 'b' });
    expect([timeline.at(-1), timeline.at(15), timeline.at(25), timeline.current]).toEqual(['a', 'a', 'none', 'b']);
  });

  test('many shards that fail over together - are one change, with the number of moved shards', () => {
    const timeline = new PrimaryTimeline();
    timeline.observe(topologyOf('a', 'b', 'c', 'a'), 0);
    expect(timeline.current).toBe('3 nodes');
    const first = timeline.observe(topologyOf('', 'b', 'c', ''), 100);
    expect(first).toMatchObject({ before: '3 nodes', primary: '2 nodes, 2 of 4 shards without one, 2 of 4 shards moved' });
    expect(timeline.observe(topologyOf('b', 'b', 'c', ''), 300)).toBeUndefined();
    expect(timeline.observe(topologyOf('b', 'b', 'c', 'c'), 900)).toBeUndefined();
    expect(timeline.changes).toEqual([{ atMs: 100, before: '3 nodes', primary: '2 nodes, 2 of 4 shards moved' }]);
    expect(timeline.at(500)).toBe('2 nodes');
  });

  test('a shard of which the reporting node has no replica - is not known, which differs from having no primary', () => {
    const unheard = (topology: Topology, shard: number): Topology => ({
      ...topology,
      shards: topology.shards.map((one) => (one.shard === shard ? { ...one, epoch: 0, primaryNodeId: '' } : one)),
    });
    const timeline = new PrimaryTimeline();
    timeline.observe(unheard(topologyOf('a', 'b', 'c'), 2), 0);
    expect(timeline.current).toBe('2 nodes');
    expect(timeline.observe(topologyOf('a', 'b', 'c'), 5_000)).toBeUndefined();
    expect(timeline.current).toBe('3 nodes');
    expect(timeline.observe(unheard(topologyOf('a', 'b', 'c'), 1), 9_000)).toBeUndefined();
    expect(timeline.observe(topologyOf('a', 'c', 'c'), 12_000)).toMatchObject({ primary: '2 nodes, 1 of 3 shards moved' });
  });

  test('a later change - is reported on its own', () => {
    const timeline = new PrimaryTimeline();
    timeline.observe(topologyOf('a', 'b'), 0);
    timeline.observe(topologyOf('b', 'b'), 5_000);
    expect(timeline.observe(topologyOf('a', 'b'), 9_000)).toMatchObject({ before: 'b' });
    expect(timeline.changes).toEqual([
      { atMs: 5_000, before: '2 nodes', primary: 'b, 1 of 2 shards moved' },
      { atMs: 9_000, before: 'b', primary: '2 nodes, 1 of 2 shards moved' },
    ]);
  });
});
