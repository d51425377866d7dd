import { describe, expect, test } from 'vitest';
import type { GatheredCluster } from '../status/gather.js';
import { renderStopCheck } from './can-stop.js';
import { DrainEstimate, drainProgress, renderProgress } from './drain-progress.js';

/** Shard 0 moves from `a` to `d`, which has 30 of 100 bytes; shard 1 has moved. */
function cluster(movedBytes: number): GatheredCluster {
  const info = (shard: number, inSync: string, placed: string, primary: string) => ({
    shard,
    primaryNodeId: primary,
    placedNodeIds: [...placed],
    replicas: [...inSync].map((nodeId) => ({ nodeId, inSync: true, live: true })),
  });
  const copy = (shard: number, complete: boolean, dataBytes: number) => ({ shard, complete, dataBytes });
  const answer = (id: string, ...replicas: object[]) => ({ node: { id }, status: { replicas } });
  return {
    topology: { nodes: [], shards: [info(0, 'abc', 'bcd', 'a'), info(1, 'bcd', 'bcd', 'b')] },
    answers: [
      answer('a', copy(0, true, 100)),
      answer('b', copy(0, true, 100), copy(1, true, 50)),
      answer('d', copy(0, false, movedBytes), copy(1, true, 50)),
      { node: { id: 'e' }, problem: 'silent' },
    ],
  } as unknown as GatheredCluster;
}

describe('what is left of a drain', () => {
  test('counts shards, primaries, and the bytes that are not copied yet', () => {
    expect(drainProgress(cluster(30), 'a')).toEqual({ shards: 1, primaries: 1, bytes: 70 });
    expect(drainProgress(cluster(0), 'e')).toMatchObject({ shards: 0, primaries: 0 });
  });
  test('is text for people', () => {
    const progress = { shards: 1, primaries: 0, bytes: 2048 };
    expect(renderProgress('a', progress, 1_200)).toBe('node a: 1 shard left, primary of 0, 2 KiB to copy, about 2 s');
    expect(renderProgress('a', { ...progress, shards: 3 }, undefined)).toBe('node a: 3 shards left, primary of 0, 2 KiB to copy');
  });
});

describe('the estimate of the time that is left', () => {
  test('follows from the bytes of the last seconds', () => {
    const estimate = new DrainEstimate();
    expect(estimate.note(1_000, 0)).toBeUndefined();
    expect(estimate.note(800, 1_000)).toBe(4_000);
    expect(estimate.note(0, 2_000)).toBe(0);
  });
  test('forgets what is long ago, and begins anew where more is to be moved', () => {
    const estimate = new DrainEstimate();
    estimate.note(10_000, 0);
    estimate.note(5_000, 9_000);
    expect(estimate.note(4_000, 19_000)).toBe(40_000);
    expect(estimate.note(9_000, 20_000)).toBeUndefined();
  });
});

test('a check lists the shards with too few copies, those with as many together', () => {
  const risk = (shard: number, copiesLeft: number) => ({ shard, copiesLeft, copiesNeeded: 2 });
  const found = { shards: [risk(0, 1), risk(1, 1), risk(4, 0)], silentNodeIds: ['c'] };
  expect(renderStopCheck('a', found).split('\n').slice(1)).toEqual([
    '  shards 0-1: 1 left, 2 needed',
    '  shard 4: 0 left, 2 needed',
    'without an answer, so their copies do not count: c',
  ]);
  expect(renderStopCheck('a', { shards: [], silentNodeIds: [] })).toMatch(/^node a can be taken down/);
});
