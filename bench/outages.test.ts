import { describe, expect, test } from 'vitest';
import { GapTracker, outagesOf, smallestOutageMs } from './outages.js';

describe('outages', () => {
  test('gaps - include only long ones, and the open one', () => {
    const tracker = new GapTracker(0);
    for (const atMs of [100, 200, 1_000, 1_100]) tracker.success(atMs);
    expect(tracker.gapsUntil(1_200)).toEqual([{ fromMs: 200, toMs: 1_000 }]);
    expect(tracker.gapsUntil(2_000)).toEqual([
      { fromMs: 200, toMs: 1_000 },
      { fromMs: 1_100, toMs: 2_000 },
    ]);
  });

  test('outages - are the times in which all threads have a gap', () => {
    const one = [
      { fromMs: 0, toMs: 1_000 },
      { fromMs: 2_000, toMs: 3_000 },
    ];
    const other = [{ fromMs: 500, toMs: 2_400 }];
    expect(outagesOf([one, other])).toEqual([
      { fromMs: 500, toMs: 1_000 },
      { fromMs: 2_000, toMs: 2_400 },
    ]);
    expect(outagesOf([one, []])).toEqual([]);
    expect(outagesOf([one])).toEqual(one);
  });

  test('outages - leave out short overlaps', () => {
    expect(outagesOf([[{ fromMs: 0, toMs: 1_000 }], [{ fromMs: 900, toMs: 2_000 }]])).toEqual([]);
  });
});

test('outages - the time between two rare scheduled operations does not count', () => {
  expect(smallestOutageMs({ threads: 4 })).toBe(250);
  expect(smallestOutageMs({ threads: 4, rate: 10_000 })).toBe(250);
  const seldom = smallestOutageMs({ threads: 4, rate: 10 });
  const gaps = new GapTracker(0, seldom);
  for (const atMs of [400, 800, 1_200, 9_000]) gaps.success(atMs);
  expect(outagesOf([gaps.gapsUntil(9_100)], seldom)).toEqual([{ fromMs: 1_200, toMs: 9_000 }]);
});
