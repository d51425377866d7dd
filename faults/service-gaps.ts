/** How long nobody was served after each fault: the longest stretch without an answered operation. Pure. */
import type { Operation } from '../verification/index.js';

export interface Spread {
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * One number for each start, in its order: the longest time without an answer between this start and the next. All
 * clients together; a key or a client that alone goes without is not seen.
 */
export function longestGapsMs(history: readonly Operation[], startsUs: readonly number[]): number[] {
  const answeredUs = history
    .filter(({ outcome }) => outcome.kind !== 'refused' && outcome.kind !== 'unknown')
    .map(({ returnedAtUs }) => returnedAtUs)
    .sort((one, other) => one - other);
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

/** Nearest ranks. Undefined of nothing. */
export function spreadOf(numbers: readonly number[]): Spread | undefined {
  if (numbers.length === 0) return undefined;
  const sorted = [...numbers].sort((one, other) => one - other);
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  return { median: rank(0.5), p99: rank(0.99), max: rank(1) };
}

/** Index of the first one above `bound`; by halves. */
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
