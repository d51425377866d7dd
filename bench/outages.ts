/**
 * Outages: stretches of time in which no thread had a successful operation. Pure.
 *
 * Each thread reports its own gaps; an outage is where the gaps of all threads overlap. One shard of several that is
 * down alone is not seen this way.
 */

import { scheduleIntervalMs, type WorkloadOptions } from './options.js';

/** Shorter ones are not worth a line. */
const usualSmallestMs = 250;
/** Where operations are scheduled seldom, that nothing succeeds between two of them is no outage. */
const missedOperations = 10;

/** From which length on a stretch without success counts. */
export function smallestOutageMs({ rate, threads }: Pick<WorkloadOptions, 'rate' | 'threads'>): number {
  return rate === undefined ? usualSmallestMs : Math.max(usualSmallestMs, missedOperations * scheduleIntervalMs(rate, threads));
}

/** On the shared clock. */
export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Finds the gaps of one thread. */
export class GapTracker {
  #lastSuccessAtMs: number;
  #gaps: Gap[] = [];
  readonly #smallestMs: number;

  constructor(startedAtMs: number, smallestMs = usualSmallestMs) {
    this.#lastSuccessAtMs = startedAtMs;
    this.#smallestMs = smallestMs;
  }

  success(atMs: number): void {
    if (atMs - this.#lastSuccessAtMs > this.#smallestMs) this.#gaps.push({ fromMs: this.#lastSuccessAtMs, toMs: atMs });
    this.#lastSuccessAtMs = Math.max(this.#lastSuccessAtMs, atMs);
  }

  /** All gaps so far, the one that is still open included. */
  gapsUntil(nowMs: number): Gap[] {
    const open = { fromMs: this.#lastSuccessAtMs, toMs: nowMs };
    return nowMs - open.fromMs > this.#smallestMs ? [...this.#gaps, open] : [...this.#gaps];
  }
}

/** Overlaps of all threads' gaps, in order of time. */
export function outagesOf(gapsByThread: readonly (readonly Gap[])[], smallestMs = usualSmallestMs): Gap[] {
  const [first, ...others] = gapsByThread;
  let common: readonly Gap[] = first ?? [];
  for (const gaps of others) common = overlaps(common, gaps);
  return common.filter((gap) => gap.toMs - gap.fromMs > smallestMs);
}

function overlaps(some: readonly Gap[], others: readonly Gap[]): Gap[] {
  return some.flatMap((one) =>
    others
      .map((other) => ({ fromMs: Math.max(one.fromMs, other.fromMs), toMs: Math.min(one.toMs, other.toMs) }))
      .filter((both) => both.toMs > both.fromMs),
  );
}
