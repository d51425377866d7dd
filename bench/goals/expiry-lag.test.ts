import { expect, test } from 'vitest';
import { expiredIn, lagsBetween, percentileBoundMs } from './expiry-lag.js';

const never = Number.POSITIVE_INFINITY;
const before = new Map([
  [10, 5],
  [100, 5],
  [never, 5],
]);
const after = new Map([
  [10, 5 + 90],
  [100, 5 + 99],
  [never, 5 + 100],
]);

test('the lag of expiry - the percentiles of what has expired between two moments', () => {
  const lags = lagsBetween(before, after);
  expect(expiredIn(lags)).toBe(100);
  expect([50, 90, 91, 99, 99.5].map((percent) => percentileBoundMs(lags, percent))).toEqual([10, 10, 100, 100, never]);
});
