/**
 * Finds outages: times in which no thread had a successful operation. Pure.
 *
 * Each thread reports its own gaps. An outage is a time in which the gaps of all threads overlap. The outage of a
 * single shard of several is not found this way.
 */

import { scheduleIntervalMs, type WorkloadOptions } from './options.js';

/** Shorter outages are not reported. */
const usualSmallestMs = 250;
/** With rare scheduled operations, a gap counts only if it spans this number of them. */
const missedOperations = 10;

/** The shortest time without a success that counts as an outage. */
export function smallestOutageMs({ rate, threads }: Pick<WorkloadOptions, 'rate' | 'threads'>): number {
  return rate === undefined ? usualSmallestMs : Math.max(usualSmallestMs, missedOperations * scheduleIntervalMs(rate, threads));
}

/** A time without a success, on the shared clock. */
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

  /** All gaps so far, including one that is still open. */
  gapsUntil(nowMs: number): Gap[] {
    const open = { fromMs: this.#lastSuccessAtMs, toMs: nowMs };
    return nowMs - open.fromMs > this.#smallestMs ? [...this.#gaps, open] : [...this.#gaps];
  }
}

/** The overlaps of all threads' gaps, in order of time. */
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
