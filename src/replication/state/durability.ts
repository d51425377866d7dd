/**
 * Which of the replica's own writes are known to be durable.
 *
 * Writes are done in order; each promises a last seq once it is done. Cutting the log takes back what the
 * writes before it promised, so that an entry is never acknowledged by the durability of one that it replaced.
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
  /** The newest write begun. */
  get lastNumber(): number {
    return this.#lastNumber;
  }
  /** When the oldest unfinished write began. */
  get oldestStartedMs(): number | undefined {
    return this.#pending[0]?.startedMs;
  }

  /** What an earlier process left behind: durable before this one writes anything. */
  foundDurable(lastSeq: Seq): void {
    this.#lastSeq = lastSeq;
    this.#begunLastSeq = lastSeq;
  }

  /** What the write does not change stays as the one before it promised. */
  begin(nowMs: number, promise: { readonly lastSeq?: Seq }): number {
    this.#begunLastSeq = promise.lastSeq ?? this.#begunLastSeq;
    this.#pending.push({ number: ++this.#lastNumber, lastSeq: this.#begunLastSeq, startedMs: nowMs });
    return this.#lastNumber;
  }

  /** The log now ends at `seq` or below; earlier writes promise no more than that. */
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
