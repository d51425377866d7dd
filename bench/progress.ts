/** What a person sees while it runs: a line each second on stderr, and a line for every failover. */
import type { WriteStream } from 'node:tty';
import { type Gap, outagesOf } from './outages.js';
import type { PrimaryChange, PrimaryTimeline } from './primaries.js';
import type { ProgressReport } from './thread-messages.js';

const lineEveryMs = 1_000;

export class Progress {
  readonly #out: WriteStream;
  readonly #timeline: PrimaryTimeline;
  readonly #startedAtMs: number;
  readonly #latest: (ProgressReport | undefined)[];
  #timer: NodeJS.Timeout | undefined;
  #told = { atMs: 0, succeeded: 0, outagesUntilMs: 0 };

  constructor(out: WriteStream, timeline: PrimaryTimeline, threads: number, startedAtMs: number) {
    this.#out = out;
    this.#timeline = timeline;
    this.#startedAtMs = startedAtMs;
    this.#latest = new Array<undefined>(threads).fill(undefined);
    this.#told.atMs = startedAtMs;
  }

  start(nowMs: () => number): void {
    this.#timer = setInterval(() => this.#line(nowMs()), lineEveryMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    if (this.#out.isTTY) this.#out.write('\n');
  }

  reported(thread: number, report: ProgressReport): void {
    this.#latest[thread] = report;
    this.#tellEndedOutages();
  }

  primaryChanged({ atMs, before, primary }: PrimaryChange): void {
    this.#note(`${this.#seconds(atMs)}  primary ${before} -> ${primary}`);
  }

  #line(nowMs: number): void {
    const reports = this.#latest.filter((report) => report !== undefined);
    const succeeded = reports.reduce((sum, report) => sum + report.succeeded, 0);
    const failed = reports.reduce((sum, report) => sum + report.failed, 0);
    const rate = Math.round(((succeeded - this.#told.succeeded) * 1_000) / (nowMs - this.#told.atMs));
    this.#told = { ...this.#told, atMs: nowMs, succeeded };
    const line = `${this.#seconds(nowMs)}  ${rate} operations/s, ${failed} errors, primary ${this.#timeline.current}`;
    this.#out.write(this.#out.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
  }

  /** An outage has ended when every thread has reported past its end. */
  #tellEndedOutages(): void {
    const reports = this.#latest.filter((report) => report !== undefined);
    if (reports.length < this.#latest.length) return;
    const settledMs = Math.min(...reports.map((report) => report.atMs));
    for (const outage of outagesOf(reports.map((report) => report.gaps))) {
      if (outage.toMs >= settledMs || outage.toMs <= this.#told.outagesUntilMs) continue;
      this.#told.outagesUntilMs = outage.toMs;
      this.#note(describeOutage(outage, this.#startedAtMs));
    }
  }

  #note(line: string): void {
    this.#out.write(this.#out.isTTY ? `\r\x1b[K${line}\n` : `${line}\n`);
  }

  #seconds(atMs: number): string {
    return `${((atMs - this.#startedAtMs) / 1_000).toFixed(1).padStart(6)} s`;
  }
}

function describeOutage(gap: Gap, startedAtMs: number): string {
  const seconds = (atMs: number) => ((atMs - startedAtMs) / 1_000).toFixed(2);
  const lengthMs = Math.round(gap.toMs - gap.fromMs);
  return `no operation succeeded for ${lengthMs} ms, from ${seconds(gap.fromMs)} s to ${seconds(gap.toMs)} s`;
}
