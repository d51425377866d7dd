/**
 * Writes batches, one at a time. What is appended while one is under way is written as the next one, so the more is appended, the
 * more records share a flush.
 *
 * A thread writes whatever may wait for the disk. A batch that need not be flushed is only copied to the memory of the kernel, so the
 * event loop writes it itself while the disk is idle: the way to a thread and back costs more CPU and another turn. If a write of the event
 * loop takes long, the kernel makes writers wait; then the thread writes all batches for a while.
 *
 * After a failed write or flush nothing is retried: the kernel may have dropped the bytes, and report the next flush as a success.
 */
import type { BatchQueue } from './batch-queue.js';
import type { GatheredBatch } from './gathered-batch.js';
import type { LogFiles } from './log-files.js';
import { executeLogJob, type LogJob } from './log-jobs.js';
import type { LogThread } from './log-thread.js';
import type { OpenSegment } from './segment-file.js';
import type { SegmentSupply } from './segment-supply.js';

/** A flush of batches. */
export interface LogFlush {
  readonly durationMs: number;
  /** What was written since the flush before. */
  readonly bytes: number;
}

export interface WriterPlan {
  readonly queue: BatchQueue;
  readonly supply: SegmentSupply;
  /** Writes batches. */
  readonly thread: LogThread;
  /** Flushes at intervals, while batches are written, and prepares segments. */
  readonly flushThread: LogThread;
  /** For the batches that the event loop writes. */
  readonly files: LogFiles;
  /** Calls `work` when everything that this turn of the event loop has for the log is in the queue. */
  readonly atTurnEnd: (work: () => void) => void;
  /** Batches that want a flush and need not wait for it are flushed at this interval. Undefined: there are none. */
  readonly syncIntervalMs: number | undefined;
  /** A batch is written, and perhaps flushed, or the flushed batches are more than before. */
  onProgress(): void;
  onFlushed(flush: LogFlush): void;
  onFailed(error: Error): void;
}

/** A larger batch is written by the thread: copying it takes longer than a turn of the event loop should. */
const mostBytesHere = 256 * 1024;
/** A write of the event loop only copies. If it takes longer than this, it had to wait: for the disk, or for a processor. */
const slowMs = 50;
/** After a slow write of the event loop, the thread writes all batches for this long. */
const notHereMs = 5_000;

export class BatchWriter {
  readonly #plan: WriterPlan;
  #segment: OpenSegment | undefined;
  #isScheduled = false;
  #work: Promise<void> | undefined;
  #flush: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #written: number;
  #flushed: number;
  #flushedSegment: number;
  /** The newest written batch that wants a flush. */
  #wanted: number;
  #unflushedBytes = 0;
  /** Batches up to this one are to be flushed as soon as they are written. */
  #urgent = 0;
  /** The event loop writes no batch before this time, on the monotonic clock. */
  #notHereUntilMs = 0;
  #stopped = false;

  /** @param segment the one in use */
  constructor(plan: WriterPlan, segment: OpenSegment | undefined) {
    this.#plan = plan;
    this.#segment = segment;
    this.#written = plan.queue.newestBatch;
    this.#flushed = plan.queue.newestBatch;
    this.#wanted = plan.queue.newestBatch;
    this.#flushedSegment = plan.queue.segment;
  }

  /** Every batch up to this number is written. */
  get written(): number {
    return this.#written;
  }
  /** Every batch up to this number is flushed. */
  get flushed(): number {
    return this.#flushed;
  }
  /** The segment of that batch. */
  get flushedSegment(): number {
    return this.#flushedSegment;
  }

  /** There is something to write. Writes it at the end of the turn of the event loop, unless a batch is under way. */
  wake(): void {
    if (this.#isScheduled || this.#work !== undefined || this.#stopped) return;
    this.#isScheduled = true;
    this.#plan.atTurnEnd(() => {
      this.#isScheduled = false;
      this.#start();
    });
  }

  /** Resolves once every record that was appended before is flushed. Never resolves after a failure. */
  async flush(): Promise<void> {
    const number = this.#plan.queue.newestBatch;
    while (this.#flushed < number) {
      if (this.#stopped) return never;
      if (this.#written < number) {
        this.#start();
        await this.#work;
      } else {
        await (this.#flush ?? this.#flushNow());
      }
    }
  }

  /** Flushes what was appended before, without waiting for the interval. Writes go on meanwhile, and share the next flush. */
  flushSoon(): void {
    this.#urgent = this.#plan.queue.newestBatch;
    this.#maybeFlush();
  }

  #maybeFlush(): void {
    if (this.#stopped || this.#flush !== undefined || this.#urgent <= this.#flushed || this.#written < this.#urgent) return;
    void this.#flushNow();
  }

  /** Writes and flushes nothing any more. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #start(): void {
    if (this.#work !== undefined || this.#stopped) return;
    const batch = this.#writeAllHere();
    if (batch !== undefined) this.#work = this.#workOff(batch);
  }

  /** Writes batches until one is for the thread. @returns that one; undefined: nothing is left to write, or the log has stopped */
  #writeAllHere(): GatheredBatch | undefined {
    const { queue } = this.#plan;
    try {
      let batch = queue.take();
      for (; batch !== undefined && this.#mayWriteHere(batch); batch = queue.take()) this.#writeHere(batch);
      return this.#stopped ? undefined : batch;
    } catch (error) {
      this.#fail(error as Error);
      return undefined;
    }
  }

  async #workOff(first: GatheredBatch): Promise<void> {
    try {
      for (let batch: GatheredBatch | undefined = first; batch !== undefined; batch = this.#writeAllHere())
        await this.#write(batch);
    } catch (error) {
      this.#fail(error as Error);
    }
    this.#work = undefined;
  }

  /** Whether the batch is only copied, and nothing that is under way could make the copying wait for the disk. */
  #mayWriteHere({ mustFlush, segment, bytes }: GatheredBatch): boolean {
    const { syncIntervalMs, flushThread } = this.#plan;
    // It may have stopped while the thread wrote. Then the file may be closed, and its descriptor be that of another file.
    if (this.#stopped) return false;
    if (syncIntervalMs === undefined || mustFlush || segment !== this.#segment?.number || bytes > mostBytesHere) return false;
    return this.#flush === undefined && flushThread.oldestJobMs === undefined && performance.now() >= this.#notHereUntilMs;
  }

  #writeHere(batch: GatheredBatch): void {
    const segment = this.#segment!;
    const beganMs = performance.now();
    executeLogJob(this.#plan.files, this.#jobOf(batch, segment, undefined));
    const endedMs = performance.now();
    if (endedMs - beganMs > slowMs) this.#notHereUntilMs = endedMs + notHereMs;
    this.#noteWritten(batch, segment, batch.memory);
    this.#advanced();
  }

  async #write(batch: GatheredBatch): Promise<void> {
    const { supply, thread } = this.#plan;
    const { number, bytes, mustFlush } = batch;
    const before = this.#segment;
    const isFirst = before?.number !== batch.segment;
    const segment = isFirst ? await supply.segment(batch.segment) : before;
    // Only the newest segment may hold batches that are not flushed.
    const flushBefore = isFirst && number - 1 > this.#flushed ? before?.file : undefined;
    const { memory, flushMs } = await thread.run(this.#jobOf(batch, segment, flushBefore));
    if (this.#stopped) return;
    this.#noteWritten(batch, segment, memory!);
    if (flushBefore !== undefined) this.#noteFlushed(number - 1, before!.number);
    if (mustFlush) this.#noteFlushed(number, segment.number);
    if (flushMs !== undefined) this.#ended(flushMs, mustFlush ? this.#unflushedBytes : this.#unflushedBytes - bytes);
    if (isFirst && before !== undefined) supply.release(before.number);
    this.#advanced();
  }

  #jobOf(
    { position, memory, bytes, number, mustFlush }: GatheredBatch,
    segment: OpenSegment,
    flushBefore: number | undefined,
  ): LogJob {
    const { file, salt } = segment;
    const unflushed = number - 1 - this.#flushed;
    return { kind: 'write', file, position, memory, bytes, number, unflushed, salt, flush: mustFlush, flushBefore };
  }

  /** @param memory of the batch, which is not needed any more */
  #noteWritten(batch: GatheredBatch, segment: OpenSegment, memory: ArrayBuffer): void {
    const { number, bytes, wantsFlush } = batch;
    this.#segment = segment;
    this.#written = number;
    this.#unflushedBytes += bytes;
    if (wantsFlush) this.#wanted = number;
    batch.markKept();
    this.#plan.queue.recycle(memory);
  }

  #advanced(): void {
    this.#flushAtInterval();
    this.#maybeFlush();
    this.#plan.onProgress();
  }

  #flushAtInterval(): void {
    if (this.#wanted > this.#flushed) this.#timer ??= setTimeout(() => void this.#flushNow(), this.#plan.syncIntervalMs);
  }

  /** Flushes what is written. Batches that are written meanwhile may or may not be flushed. */
  #flushNow(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#flush !== undefined) return this.#flush;
    const number = this.#written;
    const bytes = this.#unflushedBytes;
    const { number: segment, file } = this.#segment!;
    this.#flush = this.#plan.flushThread.run({ kind: 'flush', file }).then(
      ({ flushMs }) => {
        this.#flush = undefined;
        if (this.#stopped) return;
        this.#noteFlushed(number, segment);
        this.#ended(flushMs!, Math.min(bytes, this.#unflushedBytes));
        this.#advanced();
      },
      (error: Error) => this.#fail(error),
    );
    return this.#flush;
  }

  #noteFlushed(number: number, segment: number): void {
    if (number <= this.#flushed) return;
    this.#flushed = number;
    this.#flushedSegment = segment;
    if (this.#wanted > number) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #ended(durationMs: number, bytes: number): void {
    this.#unflushedBytes -= bytes;
    this.#plan.onFlushed({ durationMs, bytes });
  }

  #fail(error: Error): void {
    if (this.#stopped) return;
    this.stop();
    this.#plan.onFailed(error);
  }
}

const never = new Promise<never>(() => {});
