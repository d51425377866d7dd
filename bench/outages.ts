/**
 * Outages: stretches of time in which no thread had a successful operation. Pure.
 *
 * Each thread reports its own gaps; an outage is where the gaps of all threads overlap. One shard of several that is
 * down alone is not seen this way.
 */

/** Shorter ones are not worth a line. */
const smallestOutageMs = 250;

/** On the shared clock. */
export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Finds the gaps of one thread. */
export class GapTracker {
  #lastSuccessAtMs: number;
  #gaps: Gap[] = [];

  constructor(startedAtMs: number) {
    this.#lastSuccessAtMs = startedAtMs;
  }

  success(atMs: number): void {
    if (atMs - this.#lastSuccessAtMs > smallestOutageMs) this.#gaps.push({ fromMs: this.#lastSuccessAtMs, toMs: atMs });
    this.#lastSuccessAtMs = Math.max(this.#lastSuccessAtMs, atMs);
  }

  /** All gaps so far, the one that is still open included. */
  gapsUntil(nowMs: number): Gap[] {
    const open = { fromMs: this.#lastSuccessAtMs, toMs: nowMs };
    return nowMs - open.fromMs > smallestOutageMs ? [...this.#gaps, open] : [...this.#gaps];
  }
}

/** Overlaps of all threads' gaps, in order of time. */
export function outagesOf(gapsByThread: readonly (readonly Gap[])[]): Gap[] {
  const [first, ...others] = gapsByThread;
  let common: readonly Gap[] = first ?? [];
  for (const gaps of others) common = overlaps(common, gaps);
  return common.filter((gap) => gap.toMs - gap.fromMs > smallestOutageMs);
}

function overlaps(some: readonly Gap[], others: readonly Gap[]): Gap[] {
  return some.flatMap((one) =>
    others
      .map((other) => ({ fromMs: Math.max(one.fromMs, other.fromMs), toMs: Math.min(one.toMs, other.toMs) }))
      .filter((both) => both.toMs > both.fromMs),
  );
}
