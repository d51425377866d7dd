/** The way of a session's requests: they reach the servers in order, and the answers come back in order. */
import type { EventQueue } from './event-queue.js';

export class RequestLine {
  readonly #queue: EventQueue;
  readonly #delayMs: () => number;
  readonly #isHeld: () => boolean;
  #lastArrivalMs = 0;
  #lastAnswerMs = 0;

  /** `isHeld`: as long as it returns true, nothing arrives. */
  constructor(queue: EventQueue, delayMs: () => number, isHeld: () => boolean) {
    this.#queue = queue;
    this.#delayMs = delayMs;
    this.#isHeld = isHeld;
  }

  send(notBeforeMs: number, arrive: () => void): void {
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, notBeforeMs, this.#queue.nowMs + this.#delayMs());
    this.#queue.after(this.#lastArrivalMs - this.#queue.nowMs, arrive, this.#isHeld);
  }
  sendBack(notBeforeMs: number, arrive: () => void): void {
    this.#lastAnswerMs = Math.max(this.#lastAnswerMs, notBeforeMs, this.#queue.nowMs + this.#delayMs());
    this.#queue.after(this.#lastAnswerMs - this.#queue.nowMs, arrive, this.#isHeld);
  }
}
