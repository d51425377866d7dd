/**
 * Writes batches, one at a time. What is appended while one is under way is written as the next one, so the more is appended, the
 * more records share a flush.
 *
 * After a failed write or flush nothing is retried: the kernel may have dropped the bytes, and report the next flush as a success.
 */
import type { BatchQueue } from './batch-queue.js';
import type { GatheredBatch } from './gathered-batch.js';
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
  /** Flushes at intervals, while batches are written. */
  readonly flushThread: LogThread;
  /** Batches that want a flush and need not wait for it are flushed at this interval. Undefined: there are none. */
  readonly syncIntervalMs: number | undefined;
  /** A batch is written, and perhaps flushed, or the flushed batches are more than before. */
  onProgress(): void;
  onFlushed(flush: LogFlush): void;
  onFailed(error: Error): void;
}

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
    setImmediate(() => {
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
    this.#work = this.#workOff();
  }

  async #workOff(): Promise<void> {
    // `#work` is set before it can be over.
    await undefined;
    try {
      for (let batch = this.#plan.queue.take(); batch !== undefined && !this.#stopped; batch = this.#plan.queue.take()) {
        await this.#write(batch);
      }
    } catch (error) {
      this.#fail(error as Error);
    }
    this.#work = undefined;
  }

  async #write(batch: GatheredBatch): Promise<void> {
    const { queue, supply, thread, syncIntervalMs } = this.#plan;
    const before = this.#segment;
    const isFirst = before?.number !== batch.segment;
    const segment = isFirst ? await supply.segment(batch.segment) : before;
    const { memory, bytes, position, number } = batch;
    const flush = batch.mustFlush;
    const unflushed = number - 1 - this.#flushed;
    // Only the newest segment may hold batches that are not flushed.
    const flushBefore = isFirst && unflushed > 0 ? before?.file : undefined;
    const { file, salt } = segment;
    const job = { kind: 'write', file, position, memory, bytes, number, unflushed, salt, flush, flushBefore } as const;
    const result = await thread.run(job);
    if (this.#stopped) return;
    this.#segment = segment;
    this.#written = number;
    this.#unflushedBytes += bytes;
    if (batch.wantsFlush) this.#wanted = number;
    batch.markKept();
    queue.recycle(result.memory!);
    if (flushBefore !== undefined) this.#noteFlushed(number - 1, before!.number);
    if (flush) this.#noteFlushed(number, batch.segment);
    if (result.flushMs !== undefined) this.#ended(result.flushMs, flush ? this.#unflushedBytes : this.#unflushedBytes - bytes);
    if (this.#wanted > this.#flushed) this.#timer ??= setTimeout(() => void this.#flushNow(), syncIntervalMs);
    this.#maybeFlush();
    if (isFirst && before !== undefined) supply.release(before.number);
    this.#plan.onProgress();
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
        if (this.#wanted > this.#flushed) this.#timer ??= setTimeout(() => void this.#flushNow(), this.#plan.syncIntervalMs);
        this.#maybeFlush();
        this.#plan.onProgress();
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
