/**
 * Reports the progress of a run on stderr. On a terminal one line is kept up to date, elsewhere a line is printed
 * every few seconds. In both cases every outage and every change of primary gets a line.
 */
import type { WriteStream } from 'node:tty';
import type { WorkloadOptions } from './options.js';
import { type Gap, outagesOf, smallestOutageMs } from './outages.js';
import type { PrimaryChange, PrimaryTimeline } from './primaries.js';
import { LiveLine } from './terminal.js';
import type { ProgressReport } from './thread-messages.js';
import type { TimeSeries } from './time-series.js';

const redrawEveryMs = 500;
const plainLineEveryMs = 5_000;

type RunShape = Pick<WorkloadOptions, 'threads' | 'rate'>;

export class Progress {
  readonly #out: WriteStream;
  readonly #live: LiveLine;
  readonly #timeline: PrimaryTimeline;
  readonly #series: TimeSeries;
  readonly #workload: RunShape;
  readonly #startedAtMs: number;
  readonly #latest: (ProgressReport | undefined)[];
  #timer: NodeJS.Timeout | undefined;
  #outagesReportedUntilMs = 0;

  constructor(out: WriteStream, timeline: PrimaryTimeline, series: TimeSeries, workload: RunShape, startedAtMs: number) {
    this.#out = out;
    this.#live = new LiveLine(out);
    this.#timeline = timeline;
    this.#series = series;
    this.#workload = workload;
    this.#startedAtMs = startedAtMs;
    this.#latest = new Array<undefined>(workload.threads).fill(undefined);
  }

  start(nowMs: () => number): void {
    const everyMs = this.#out.isTTY ? redrawEveryMs : plainLineEveryMs;
    this.#timer = setInterval(() => this.#line(nowMs()), everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#live.clear();
  }

  reported(thread: number, report: ProgressReport): void {
    this.#latest[thread] = report;
    this.#reportEndedOutages();
  }

  primaryChanged({ atMs, before, primary }: PrimaryChange): void {
    this.#live.note(`${this.#seconds(atMs)}  primary ${before} -> ${primary}`);
  }

  #line(nowMs: number): void {
    const { read, write } = this.#series.totals;
    const outage = this.#openOutage();
    const now = outage === undefined ? this.#rate() : this.#describeOpen(outage, nowMs);
    const line = `${this.#seconds(nowMs)}  ${now}  ${read.failed + write.failed} errors  primary ${this.#timeline.current}`;
    if (this.#out.isTTY) this.#live.show(line);
    else this.#live.note(line);
  }

  #rate(): string {
    const { operationsPerSecond, latencyMs } = this.#series.lastSecond();
    const latency = latencyMs === undefined ? '' : `  p50/p99 ${short(latencyMs.p50)}/${short(latencyMs.p99)} ms`;
    const scheduled = this.#workload.rate === undefined ? '' : ` of ${this.#workload.rate}`;
    return `${operationsPerSecond}${scheduled} ops/s${latency}`;
  }

  #describeOpen({ fromMs }: Gap, nowMs: number): string {
    return `NO SERVICE for ${((nowMs - fromMs) / 1_000).toFixed(1)} s, since ${this.#seconds(fromMs).trimStart()}`;
  }

  /** The present outage, if no thread has reported a success after it. */
  #openOutage(): Gap | undefined {
    const outage = this.#outages().at(-1);
    return outage !== undefined && outage.toMs >= this.#settledMs() ? outage : undefined;
  }

  /** An outage has ended when every thread has reported past its end. */
  #reportEndedOutages(): void {
    const settledMs = this.#settledMs();
    for (const outage of this.#outages()) {
      if (outage.toMs >= settledMs || outage.toMs <= this.#outagesReportedUntilMs) continue;
      this.#outagesReportedUntilMs = outage.toMs;
      this.#live.note(describeOutage(outage, this.#startedAtMs));
    }
  }

  /** The outages so far; empty until every thread has reported. */
  #outages(): Gap[] {
    const reports = this.#latest.filter((report) => report !== undefined);
    return reports.length < this.#latest.length
      ? []
      : outagesOf(
          reports.map((report) => report.gaps),
          smallestOutageMs(this.#workload),
        );
  }

  #settledMs(): number {
    return Math.min(...this.#latest.map((report) => report?.atMs ?? Number.NEGATIVE_INFINITY));
  }

  #seconds(atMs: number): string {
    return `${((atMs - this.#startedAtMs) / 1_000).toFixed(1).padStart(6)} s`;
  }
}

/** A latency in about three digits, so that the line with the primary's address fits into 80 columns. */
function short(latencyMs: number): string {
  return latencyMs.toFixed(latencyMs < 10 ? 2 : latencyMs < 100 ? 1 : 0);
}

function describeOutage(gap: Gap, startedAtMs: number): string {
  const seconds = (atMs: number) => ((atMs - startedAtMs) / 1_000).toFixed(2);
  const lengthMs = Math.round(gap.toMs - gap.fromMs);
  return `no operation succeeded for ${lengthMs} ms, from ${seconds(gap.fromMs)} s to ${seconds(gap.toMs)} s`;
}
