/**
 * Records which of the replica's own writes are durable, and which are flushed.
 *
 * Writes complete in order. Each write states the last seq of the log that is durable once it completes. A cut of the log
 * lowers that seq for the earlier writes, so that an entry is never acknowledged because an entry that it replaced is durable.
 *
 * A write that is durable survives the end of the process. One that is flushed survives a loss of power as well. Most storages
 * complete a write when it is flushed; for the others the shell reports flushes beside that.
 */
import type { Seq } from '../protocol/ids.js';

interface PendingWrite {
  readonly number: number;
  lastSeq: Seq;
  readonly startedMs: number;
}

export class Durability {
  #pending: PendingWrite[] = [];
  /** False: a complete write is flushed. */
  readonly #reportsFlushes: boolean;
  /** Complete and not flushed. */
  #unflushed: PendingWrite[] = [];
  #lastNumber = 0;
  #doneNumber = 0;
  #flushedNumber = 0;
  #lastSeq: Seq = 0;
  #flushedSeq: Seq = 0;
  #begunLastSeq: Seq = 0;

  constructor(reportsFlushes = false) {
    this.#reportsFlushes = reportsFlushes;
  }

  get lastSeq(): Seq {
    return this.#lastSeq;
  }
  /** The log is flushed up to here; at most `lastSeq`. */
  get flushedSeq(): Seq {
    return this.#reportsFlushes ? this.#flushedSeq : this.#lastSeq;
  }
  /** Every write up to this number is durable. */
  get doneNumber(): number {
    return this.#doneNumber;
  }
  /** Number of the newest write. */
  get lastNumber(): number {
    return this.#lastNumber;
  }
  get hasPending(): boolean {
    return this.#pending.length > 0;
  }
  /** When the oldest unfinished write began. */
  get oldestStartedMs(): number | undefined {
    return this.#pending[0]?.startedMs;
  }

  /** The data of an earlier process is flushed before this process writes anything. */
  foundDurable(lastSeq: Seq): void {
    this.#lastSeq = lastSeq;
    this.#flushedSeq = lastSeq;
    this.#begunLastSeq = lastSeq;
  }

  /** Without `lastSeq` the write leaves the end of the log as the write before it stated. */
  begin(nowMs: number, promise: { readonly lastSeq?: Seq }): number {
    this.#begunLastSeq = promise.lastSeq ?? this.#begunLastSeq;
    this.#pending.push({ number: ++this.#lastNumber, lastSeq: this.#begunLastSeq, startedMs: nowMs });
    return this.#lastNumber;
  }

  /** The log now ends at `seq` or below: no earlier write makes more than that durable. */
  cutTo(seq: Seq): void {
    this.#lastSeq = Math.min(this.#lastSeq, seq);
    this.#flushedSeq = Math.min(this.#flushedSeq, seq);
    this.#begunLastSeq = Math.min(this.#begunLastSeq, seq);
    for (const writes of [this.#pending, this.#unflushed])
      for (const write of writes) write.lastSeq = Math.min(write.lastSeq, seq);
  }

  /** Every write up to this number is durable. */
  complete(number: number): void {
    while (this.#pending.length > 0 && this.#pending[0]!.number <= number) {
      const write = this.#pending.shift()!;
      this.#doneNumber = write.number;
      this.#lastSeq = write.lastSeq;
      if (this.#reportsFlushes) this.#unflushed.push(write);
    }
    if (this.#reportsFlushes) this.#settleFlushed();
  }

  /** Every write up to this number is flushed. Its completion may be reported before or after this. */
  flush(number: number): void {
    this.#flushedNumber = Math.max(this.#flushedNumber, number);
    this.#settleFlushed();
  }

  #settleFlushed(): void {
    const count = this.#unflushed.findLastIndex((write) => write.number <= this.#flushedNumber) + 1;
    if (count === 0) return;
    this.#flushedSeq = this.#unflushed[count - 1]!.lastSeq;
    this.#unflushed.splice(0, count);
  }
}
