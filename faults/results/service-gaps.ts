/**
 * Computes the time without service after each fault: the longest time without an answered operation of some shard.
 * Pure.
 */
import { shardOfKey } from '../../src/placement/index.js';
import type { Operation } from '../../verification/index.js';

export interface GapSpread {
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * @returns for each start, in order, the longest time before the next start in which some shard gave no answer. The
 *   operations of all clients count together, so a single key or client without answers does not show. Pauses of the
 *   load count as well.
 */
export function longestGapsMs(history: readonly Operation[], startsUs: readonly number[], shardCount: number): number[] {
  const answeredUs = Array.from({ length: shardCount }, (): number[] => []);
  for (const { key, outcome, returnedAtUs } of history)
    if (outcome.kind !== 'refused' && outcome.kind !== 'unknown') answeredUs[shardOfKey(key, shardCount)]!.push(returnedAtUs);
  const gaps = answeredUs.map((times) =>
    longestIn(
      times.sort((one, other) => one - other),
      startsUs,
    ),
  );
  return startsUs.map((_, index) => gaps.reduce((longest, ofShard) => Math.max(longest, ofShard[index]!), 0));
}

/** `answeredUs` in ascending order. */
function longestIn(answeredUs: readonly number[], startsUs: readonly number[]): number[] {
  return startsUs.map((startUs, index) => {
    const endUs = startsUs[index + 1] ?? Number.POSITIVE_INFINITY;
    let longestUs = 0;
    for (let later = firstAfter(answeredUs, startUs); later < answeredUs.length; later += 1) {
      const earlierUs = Math.max(startUs, answeredUs[later - 1] ?? startUs);
      if (earlierUs >= endUs) break;
      longestUs = Math.max(longestUs, Math.min(endUs, answeredUs[later]!) - earlierUs);
    }
    return longestUs / 1_000;
  });
}

/** @returns nearest ranks; undefined for no numbers */
export function gapSpreadOf(numbers: readonly number[]): GapSpread | undefined {
  if (numbers.length === 0) return undefined;
  const sorted = [...numbers].sort((one, other) => one - other);
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  return { median: rank(0.5), p99: rank(0.99), max: rank(1) };
}

/** The index of the first number above `bound`, by binary search. */
function firstAfter(sorted: readonly number[], bound: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (sorted[middle]! > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}
