/**
 * Records which of the replica's own writes are durable.
 *
 * Writes complete in order. Each write states the last seq of the log that is durable once it completes. A cut of the log
 * lowers that seq for the earlier writes, so that an entry is never acknowledged because an entry that it replaced is durable.
 */
import type { Seq } from '../protocol/ids.js';

interface PendingWrite {
  readonly number: number;
  lastSeq: Seq;
  readonly startedMs: number;
}

export class Durability {
  #pending: PendingWrite[] = [];
  #lastNumber = 0;
  #doneNumber = 0;
  #lastSeq: Seq = 0;
  #begunLastSeq: Seq = 0;

  get lastSeq(): Seq {
    return this.#lastSeq;
  }
  /** Every write up to this number is durable. */
  get doneNumber(): number {
    return this.#doneNumber;
  }
  /** Number of the newest write. */
  get lastNumber(): number {
    return this.#lastNumber;
  }
  /** When the oldest unfinished write began. */
  get oldestStartedMs(): number | undefined {
    return this.#pending[0]?.startedMs;
  }

  /** The data of an earlier process is durable before this process writes anything. */
  foundDurable(lastSeq: Seq): void {
    this.#lastSeq = lastSeq;
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
    this.#begunLastSeq = Math.min(this.#begunLastSeq, seq);
    for (const write of this.#pending) write.lastSeq = Math.min(write.lastSeq, seq);
  }

  complete(number: number): void {
    while (this.#pending.length > 0 && this.#pending[0]!.number <= number) {
      const write = this.#pending.shift()!;
      this.#doneNumber = write.number;
      this.#lastSeq = write.lastSeq;
    }
  }
}
