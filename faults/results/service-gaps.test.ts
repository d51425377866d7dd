import { describe, expect, test } from 'vitest';
import type { Operation, Outcome } from '../../verification/index.js';
import { gapSpreadOf, longestGapsMs } from './service-gaps.js';

function answeredAt(timeMs: number, outcome: Outcome = { kind: 'missing' }, key = 'a'): Operation {
  const returnedAtUs = timeMs * 1_000;
  return { client: 'c', key, call: { kind: 'get' }, invokedAtUs: returnedAtUs - 1, returnedAtUs, outcome };
}

describe('the time without service after a fault', () => {
  test('is the longest stretch between two answers until the next fault', () => {
    const history = [0, 10, 20, 900, 910, 920, 1_000, 5_000].map((timeMs) => answeredAt(timeMs));
    expect(longestGapsMs(history, [15_000, 950_000], 1)).toEqual([880, 4_000]);
    // The gap after the second fault does not count for the first.
    expect(longestGapsMs(history, [915_000, 1_001_000], 1)).toEqual([80, 3_999]);
  });

  test('does not end with an operation that failed', () => {
    const history = [answeredAt(0), answeredAt(50, { kind: 'refused', code: 'PAUSED' }), answeredAt(100)];
    expect(longestGapsMs(history, [1_000], 1)).toEqual([99]);
  });

  test('is, with many shards, that of the shard that waited longest', () => {
    // `a` is in shard 15 of 16, `user:1` in shard 10.
    const served = [0, 10, 20, 30, 40].map((timeMs) => answeredAt(timeMs));
    const waited = [0, 30, 40].map((timeMs) => answeredAt(timeMs, { kind: 'missing' }, 'user:1'));
    expect(longestGapsMs([...served, ...waited], [1_000], 16)).toEqual([29]);
    expect(longestGapsMs([...served, ...waited], [1_000], 1)).toEqual([10]);
  });
});

test('a spread has nearest ranks', () => {
  expect(gapSpreadOf([])).toBeUndefined();
  expect(gapSpreadOf([3, 1, 2])).toEqual({ median: 2, p99: 3, max: 3 });
});
