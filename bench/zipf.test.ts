import { expect, test } from 'vitest';
import { mulberry32 } from '../verification/random.js';
import { zipf, zipfExponent } from './zipf.js';

const draws = 200_000;

test.each([
  [1, zipfExponent],
  [2, zipfExponent],
  [10, zipfExponent],
  [1_000, zipfExponent],
  [100, 1],
  [100, 0],
  [100, 0.5],
  [100, 2.5],
])('zipf - with %i ranks and exponent %f, each rank has its frequency', (count, exponent) => {
  const draw = zipf(count, exponent, mulberry32(7));
  const seen = new Array<number>(count).fill(0);
  for (let i = 0; i < draws; i += 1) seen[draw()]! += 1;
  const weights = seen.map((_, rank) => (rank + 1) ** -exponent);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  for (const [rank, weight] of weights.entries()) {
    const expected = (draws * weight) / sum;
    // The tolerance is five standard deviations, and one for the rounding of the rarest rank.
    expect(Math.abs(seen[rank]! - expected)).toBeLessThan(5 * Math.sqrt(expected) + 1);
  }
});

test('zipf - with very many ranks, the first one has its frequency, and all are in range', () => {
  const count = 100_000_000;
  const draw = zipf(count, zipfExponent, mulberry32(3));
  const ranks = Array.from({ length: draws }, draw);
  // The sum of k^-0.99 for k up to 10^8, by Euler and Maclaurin.
  const sum = (count ** 0.01 - 1) / 0.01 + 0.5 + 0.99 / 12 + 0.5 * count ** -0.99;
  const first = ranks.filter((rank) => rank === 0).length;
  expect(Math.abs(first - draws / sum)).toBeLessThan(5 * Math.sqrt(draws / sum));
  expect(Math.min(...ranks.slice(0, 10_000))).toBe(0);
  expect(ranks.every((rank) => Number.isInteger(rank) && rank >= 0 && rank < count)).toBe(true);
});

test('zipf - repeats its sequence for a seed', () => {
  const take = () => Array.from({ length: 100 }, zipf(1_000, zipfExponent, mulberry32(5)));
  expect(take()).toEqual(take());
});
