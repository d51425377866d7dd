/** Adds the intervals of all threads: for the whole run, for its points over time, and for the last second. Pure. */
import { Histogram } from './histogram.js';
import { type Interval, intervalMs, type Kind, type KindInterval } from './recorder.js';

export interface Totals {
  succeeded: number;
  failed: number;
  /** Latencies in microseconds. */
  readonly latencies: Histogram;
}

/** The latency of successful operations in milliseconds; undefined if there was none. */
export type PointLatency = { readonly p50: number; readonly p99: number; readonly max: number } | undefined;

export interface PointOfKind {
  readonly succeeded: number;
  readonly failed: number;
  readonly latencyMs: PointLatency;
}

export interface Point {
  /** The index of the interval in the series. */
  readonly index: number;
  readonly read: PointOfKind;
  readonly write: PointOfKind;
}

export interface LastSecond {
  readonly operationsPerSecond: number;
  readonly latencyMs: PointLatency;
}

/** The number of intervals that the live line covers. */
const intervalsPerSecond = 1_000 / intervalMs;

/** Fine enough to show a failover, and if possible no more points than a screen has columns. */
export function seriesIntervalMs(durationMs: number): number {
  const most = 300;
  return [100, 200, 500].find((candidateMs) => durationMs <= candidateMs * most) ?? 1_000;
}

type Sums = Record<Kind, Totals>;

export class TimeSeries {
  readonly intervalMs: number;
  readonly totals: Sums = emptySums();
  readonly #openIndexes: number[];
  readonly #points: Point[] = [];
  /**
   * Points to which a thread may still add, by index. Only these keep histograms, since one for every second of a day
   * is too much.
   */
  readonly #unsettled = new Map<number, Sums>();
  #recent: Interval[] = [];

  constructor(threads: number, durationMs: number) {
    this.intervalMs = seriesIntervalMs(durationMs);
    this.#openIndexes = new Array<number>(threads).fill(0);
  }

  /** @param openIndex the thread adds nothing before this interval any more */
  add(thread: number, intervals: readonly Interval[], openIndex: number): void {
    for (const interval of intervals) {
      addTo(this.totals, interval);
      addTo(this.#sumsAt(this.#pointOf(interval.index)), interval);
      this.#recent.push(interval);
    }
    this.#openIndexes[thread] = openIndex;
    const from = Math.max(...this.#openIndexes) - 2 * intervalsPerSecond;
    this.#recent = this.#recent.filter(({ index }) => index >= from);
    this.#settle(this.#pointOf(Math.min(...this.#openIndexes)));
  }

  /** The sum of the last ten intervals that are complete. */
  lastSecond(): LastSecond {
    // The other threads are about to report the newest interval, so it is not complete yet.
    const end = Math.max(0, Math.max(...this.#openIndexes) - 1);
    const from = Math.max(0, end - intervalsPerSecond);
    const latencies = new Histogram();
    for (const { index, read, write } of this.#recent) {
      if (index < from || index >= end) continue;
      latencies.add(read.latencies);
      latencies.add(write.latencies);
    }
    const seconds = (end - from) / intervalsPerSecond;
    return {
      operationsPerSecond: seconds === 0 ? 0 : Math.round(latencies.count / seconds),
      latencyMs: latencyOf(latencies),
    };
  }

  /** The points in order of time, without those that have no operation. */
  points(): readonly Point[] {
    this.#settle(Number.POSITIVE_INFINITY);
    return this.#points.toSorted((one, other) => one.index - other.index);
  }

  #pointOf(index: number): number {
    return Math.floor((index * intervalMs) / this.intervalMs);
  }

  #sumsAt(index: number): Sums {
    let sums = this.#unsettled.get(index);
    if (sums === undefined) {
      sums = emptySums();
      this.#unsettled.set(index, sums);
    }
    return sums;
  }

  #settle(before: number): void {
    for (const [index, { read, write }] of this.#unsettled) {
      if (index >= before) continue;
      this.#points.push({ index, read: pointOfKind(read), write: pointOfKind(write) });
      this.#unsettled.delete(index);
    }
  }
}

function emptySums(): Sums {
  return {
    read: { succeeded: 0, failed: 0, latencies: new Histogram() },
    write: { succeeded: 0, failed: 0, latencies: new Histogram() },
  };
}

function addTo(sums: Sums, interval: Interval): void {
  addKind(sums.read, interval.read);
  addKind(sums.write, interval.write);
}

function addKind(sum: Totals, part: KindInterval): void {
  sum.succeeded += part.succeeded;
  sum.failed += part.failed;
  sum.latencies.add(part.latencies);
}

function pointOfKind({ succeeded, failed, latencies }: Totals): PointOfKind {
  return { succeeded, failed, latencyMs: latencyOf(latencies) };
}

function latencyOf(latencies: Histogram): PointLatency {
  if (latencies.count === 0) return undefined;
  return { p50: latencies.percentile(50) / 1_000, p99: latencies.percentile(99) / 1_000, max: latencies.max / 1_000 };
}
