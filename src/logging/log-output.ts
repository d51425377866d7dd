/**
 * The output of the log's lines. It never throws, never ends the process, and never makes the main thread wait.
 *
 * Lines wait in a bounded queue while the reader does not keep up. Lines that do not fit into the queue, or that cannot be
 * written (a full disk, a reader that has gone), are dropped and counted. When writing works again, one line in their place
 * reports how many are missing.
 */
import { write as writeInPool, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { isFull, mayWaitForReader, type OutputDescriptor, openOutput, writeWithin } from './descriptor.js';

/** A run of consecutive lines that were dropped, and the reason. */
export interface Losses {
  readonly sinceMs: number;
  lines: number;
  reason: string;
}

/** What a node reports about its own log. */
export interface LogState {
  /** Number of lines dropped since the process began. */
  readonly droppedLines: number;
  /** The reason why lines are dropped at present; undefined while they are written. */
  readonly problem: string | undefined;
}

export interface LogOutputLimits {
  /** Limits the bytes of the lines that wait for the reader. */
  readonly maxQueuedBytes: number;
  /** Time until the next attempt while the reader does not keep up. */
  readonly retryWhenFullMs: number;
  /** Time until the next attempt after a write has failed. */
  readonly retryWhenFailedMs: number;
}

const defaultLimits: LogOutputLimits = { maxQueuedBytes: 1_048_576, retryWhenFullMs: 20, retryWhenFailedMs: 1_000 };
/** Limits one write. A pipe accepts up to PIPE_BUF bytes as a whole, so the lines of processes that share it do not mix. */
const maxBatchBytes = 4_096;
/** A write in the pool that has lasted longer than this probably waits for a reader that never comes. */
const stuckMs = 300;
/** Time for a write that has just begun in the pool to end, before the lines after it are written directly. */
const turnMs = 20;

/** Lines that are written together. */
interface Batch {
  readonly bytes: Buffer;
  /** Offset in `bytes` at which each line ends. */
  readonly ends: readonly number[];
  written: number;
  /** Set if the batch is the line that reports losses. */
  readonly reports?: Losses;
}

export class LogOutput implements LogState {
  readonly #descriptor: OutputDescriptor;
  readonly #limits: LogOutputLimits;
  #describe: (losses: Losses) => string = () => '';
  #lines: string[] = [];
  #queuedBytes = 0;
  #batch: Batch | undefined;
  /** When the current write in the pool began; undefined if there is none. */
  #writingSinceMs: number | undefined;
  #retry: NodeJS.Timeout | undefined;
  #losses: Losses | undefined;
  #dropped = 0;
  /** True if the last write ended within a line. */
  #isTorn = false;
  #onIdle: () => void = () => {};

  /** Writes to a standard stream of the process. */
  static open(fd: number, limits: Partial<LogOutputLimits> = {}): LogOutput {
    return new LogOutput(openOutput(fd), limits);
  }

  constructor(descriptor: OutputDescriptor, limits: Partial<LogOutputLimits> = {}) {
    this.#descriptor = descriptor;
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** @param describe makes the line that reports losses, in the format of the log. */
  onResumed(describe: (losses: Losses) => string): void {
    this.#describe = describe;
  }

  get droppedLines(): number {
    return this.#dropped;
  }

  get problem(): string | undefined {
    return (this.#losses ?? this.#batch?.reports)?.reason;
  }

  /** True if a thread of the pool waits for the reader. An ordinary exit would wait for that thread. */
  get isStuck(): boolean {
    return this.#writingSinceMs !== undefined && performance.now() - this.#writingSinceMs > stuckMs;
  }

  /** Queues one line, which ends with its line break. */
  write(line: string): void {
    if (this.#losses !== undefined) return this.#drop(1, this.#losses.reason);
    const bytes = Buffer.byteLength(line);
    if (this.#queuedBytes + bytes > this.#limits.maxQueuedBytes) return this.#drop(1, 'nothing reads the log fast enough');
    this.#lines.push(line);
    this.#queuedBytes += bytes;
    this.#pump();
  }

  /** Resolves when no line waits any more, at the latest after `patienceMs`. */
  async flush(patienceMs: number): Promise<void> {
    if (this.#isIdle) return;
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    await Promise.race([idle, pause(patienceMs)]);
  }

  /**
   * Writes the waiting lines on this thread, for at most about `patienceMs`. It serves a process that ends at once. If a write
   * could wait for a reader forever, the waiting lines are lost.
   */
  flushNow(patienceMs: number): void {
    if (this.#isIdle || this.isStuck || mayWaitForReader(this.#descriptor)) return;
    const isInPool = this.#writingSinceMs !== undefined;
    if (isInPool) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, turnMs);
    const begun = this.#batch === undefined || isInPool ? [] : [this.#batch.bytes.subarray(this.#batch.written)];
    writeWithin(this.#descriptor, Buffer.concat([...begun, Buffer.from(this.#lines.join(''))]), patienceMs);
    this.#empty();
  }

  get #isIdle(): boolean {
    return this.#batch === undefined && this.#lines.length === 0;
  }

  #pump(): void {
    if (this.#writingSinceMs !== undefined || this.#retry !== undefined) return;
    for (let batch = this.#nextBatch(); batch !== undefined; batch = this.#nextBatch()) {
      if (this.#descriptor.mayBlock) return this.#writeInPool(batch);
      try {
        this.#advance(batch, writeSync(this.#descriptor.fd, batch.bytes, batch.written));
      } catch (error) {
        return this.#failed(batch, error);
      }
    }
    this.#onIdle();
  }

  #writeInPool(batch: Batch): void {
    this.#writingSinceMs = performance.now();
    writeInPool(this.#descriptor.fd, batch.bytes, batch.written, (error, written) => {
      this.#writingSinceMs = undefined;
      if (error !== null) return this.#failed(batch, error);
      this.#advance(batch, written);
      this.#pump();
    });
  }

  #nextBatch(): Batch | undefined {
    if (this.#batch !== undefined) return this.#batch;
    if (this.#lines.length > 0) return this.#begin(this.#takeLines());
    const reports = this.#losses;
    if (reports === undefined) return undefined;
    this.#losses = undefined;
    return this.#begin([this.#describe(reports)], reports);
  }

  #takeLines(): string[] {
    let bytes = 0;
    let count = 0;
    do bytes += Buffer.byteLength(this.#lines[count++]!);
    while (count < this.#lines.length && bytes + Buffer.byteLength(this.#lines[count]!) <= maxBatchBytes);
    this.#queuedBytes -= bytes;
    return this.#lines.splice(0, count);
  }

  #begin(lines: readonly string[], reports?: Losses): Batch {
    const parts = lines.map((line, index) => Buffer.from(index === 0 && this.#isTorn ? `\n${line}` : line));
    let end = 0;
    const ends = parts.map(({ length }) => (end += length));
    this.#batch = { bytes: Buffer.concat(parts), ends, written: 0, ...(reports === undefined ? {} : { reports }) };
    return this.#batch;
  }

  #advance(batch: Batch, written: number): void {
    batch.written += written;
    this.#isTorn = !batch.ends.includes(batch.written);
    if (batch.written >= batch.bytes.length) this.#batch = undefined;
  }

  /** A full pipe may accept the same bytes later. Any other error drops the waiting lines; the report is the next attempt. */
  #failed(batch: Batch, error: unknown): void {
    if (isFull(error)) return this.#pumpLater(this.#limits.retryWhenFullMs);
    const reason = error instanceof Error ? error.message : String(error);
    const lost = batch.reports === undefined ? batch.ends.filter((end) => end > batch.written).length : 0;
    const waiting = this.#lines.length;
    if (batch.reports !== undefined) this.#losses = { ...batch.reports, lines: batch.reports.lines + (this.#losses?.lines ?? 0) };
    this.#empty();
    this.#drop(lost + waiting, reason);
    this.#onIdle();
    this.#pumpLater(this.#limits.retryWhenFailedMs);
  }

  #drop(lines: number, reason: string): void {
    this.#losses ??= { sinceMs: Date.now(), lines: 0, reason };
    this.#losses.lines += lines;
    this.#losses.reason = reason;
    this.#dropped += lines;
  }

  #empty(): void {
    this.#batch = undefined;
    this.#lines = [];
    this.#queuedBytes = 0;
  }

  #pumpLater(afterMs: number): void {
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#pump();
    }, afterMs);
    // Lines that cannot be written must not keep the process running.
    this.#retry.unref();
  }
}
