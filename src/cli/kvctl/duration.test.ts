import { expect, test } from 'vitest';
import { maxTtlMs } from '../../limits.js';
import { parseTtlMs } from './duration.js';
import { duration } from './figures.js';

test.each([
  ['1ms', 1],
  ['10s', 10_000],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
  ['36500d', maxTtlMs],
])('kvctl - %s is a TTL', (text, ttlMs) => {
  expect(parseTtlMs('--ttl', text)).toBe(ttlMs);
});

test.each(['', '10', '0s', '-1s', '1.5s', '10 s', '10S', '1w', '36501d', '999999999999999d'])(
  'kvctl - %j is refused as a TTL',
  (text) => {
    expect(() => parseTtlMs('--ttl', text)).toThrow(`--ttl: "${text}" must be a time such as`);
  },
);

test.each([
  [0, '0 ms'],
  [340, '340 ms'],
  [1_000, '1 s'],
  [9_840, '9.8 s'],
  [119_999, '119 s'],
  [720_000, '12 min'],
  [7_200_000, '2 h'],
  [maxTtlMs, '36,500 d'],
])('kvctl - %i ms are shown as %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});
