/**
 * Calls of a database that are repeated until it answers them.
 *
 * While a call fails, it alone is tried again, with growing pauses. The calls that fail meanwhile wait until it has succeeded. So a
 * database that is away gets few calls, and one that is back gets them all.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { growingPauseMs } from '../../growing-pause.js';
import { DatabaseError } from './state-database.js';

const pauses = { firstMs: 10, maxMs: 1_000 };

export interface PersistentCallsOptions {
  /** The most calls that wait for an answer; more are refused. Default: no limit. */
  readonly most?: number;
  /** The database can never be used again, or an implementation is wrong. */
  onLost(error: Error): void;
  /** A call failed, and is tried again. Called with the first failure after a success. */
  onFailed(error: Error): void;
}

interface Call {
  readonly sinceMs: number;
}

export class PersistentCalls {
  readonly #options: PersistentCallsOptions;
  readonly #closing = new AbortController();
  /** Calls without an answer, oldest first. */
  readonly #waiting = new Set<Call>();
  /** Resolves once the call that is tried again has succeeded. */
  #recovery: Promise<void> | undefined;
  #recovered!: () => void;
  /** Wait until no call does. */
  readonly #idle: (() => void)[] = [];

  constructor(options: PersistentCallsOptions) {
    this.#options = options;
  }

  /** Calls that wait for an answer. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** For how long the oldest call has waited, in milliseconds. 0: none waits. */
  waitingForMs(nowMs: number): number {
    for (const { sinceMs } of this.#waiting) return nowMs - sinceMs;
    return 0;
  }

  /** Answers at once if the database does. @throws DatabaseError if too many calls wait, or by the promise once this is closed */
  answer<T>(call: () => T | Promise<T>): T | Promise<T> {
    try {
      const answer = call();
      return answer instanceof Promise ? this.#wait(call, answer) : answer;
    } catch (error) {
      return this.#wait(call, Promise.reject(error));
    }
  }

  /** As `answer`. Never rejects before this is closed. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    return this.answer(call);
  }

  /** Calls are not tried again, and reject. Resolves once none is under way. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#waiting.size > 0)
      await new Promise<void>((resolve) => {
        this.#idle.push(resolve);
      });
  }

  async #wait<T>(call: () => T | Promise<T>, first: Promise<T>): Promise<T> {
    if (this.#waiting.size >= (this.#options.most ?? Number.POSITIVE_INFINITY)) {
      first.catch(() => {});
      throw new DatabaseError('too many calls wait for the database');
    }
    const waiting = { sinceMs: performance.now() };
    this.#waiting.add(waiting);
    try {
      return await first;
    } catch (error) {
      return await this.#repeat(call, error as Error);
    } finally {
      this.#waiting.delete(waiting);
      if (this.#waiting.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  async #repeat<T>(call: () => T | Promise<T>, failure: Error): Promise<T> {
    for (let error = failure; ; ) {
      this.#judge(error);
      if (this.#recovery === undefined) return this.#repeatFirst(call, error);
      await this.#recovery;
      try {
        this.#refuseIfClosed();
        return await call();
      } catch (next) {
        error = next as Error;
      }
    }
  }

  /** This is the call that is tried again. */
  async #repeatFirst<T>(call: () => T | Promise<T>, failure: Error): Promise<T> {
    this.#recovery = new Promise((resolve) => {
      this.#recovered = resolve;
    });
    this.#options.onFailed(failure);
    try {
      for (let failures = 1; ; failures++) {
        await pause(growingPauseMs(failures, pauses, Math.random()), undefined, { signal: this.#closing.signal }).catch(() => {});
        try {
          this.#refuseIfClosed();
          return await call();
        } catch (error) {
          this.#judge(error as Error);
        }
      }
    } finally {
      this.#recovery = undefined;
      this.#recovered();
    }
  }

  /** @throws the error if another attempt is of no use */
  #judge(error: Error): void {
    this.#refuseIfClosed();
    if (error instanceof DatabaseError && !error.isLost) return;
    this.#options.onLost(error);
    throw error;
  }

  #refuseIfClosed(): void {
    if (this.#closing.signal.aborted) throw new DatabaseError('the database is closed');
  }
}
