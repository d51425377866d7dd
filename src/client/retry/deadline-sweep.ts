/**
 * One timer for the deadlines of many operations: it fires at the earliest known deadline, and then requests the next one. Nearly
 * all operations are answered long before, and cost one comparison each instead of a timer.
 */
import { monotonicNowMs } from '../call-limits.js';

const never = Number.POSITIVE_INFINITY;
/** A timer may fire a little before its time. */
const slackMs = 1;

export class DeadlineSweep {
  readonly #expire: (nowMs: number) => number;
  #timer: NodeJS.Timeout | undefined;
  #atMs = never;

  /** @param expire ends the operations that are due, and returns the earliest deadline of the rest; infinity if there is none. */
  constructor(expire: (nowMs: number) => number) {
    this.#expire = expire;
  }

  watch(deadlineAtMs: number): void {
    if (deadlineAtMs < this.#atMs) this.#set(deadlineAtMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#atMs = never;
  }

  #set(atMs: number): void {
    clearTimeout(this.#timer);
    this.#atMs = atMs;
    if (atMs === never) return;
    this.#timer = setTimeout(() => this.#sweep(), Math.max(0, atMs - monotonicNowMs()) + slackMs);
  }

  #sweep(): void {
    this.#atMs = never;
    const next = this.#expire(monotonicNowMs());
    if (next < this.#atMs) this.#set(next);
  }
}
