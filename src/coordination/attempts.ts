/** Runs work that depends on ZooKeeper's answers: repeats it until they arrive, or runs it in the background. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { KvError } from '../errors.js';
import { ZnodeError } from './znode-client.js';

/** The wait before an attempt that ZooKeeper did not answer is repeated. */
const retryPauseMs = 100;

export interface AttemptsOptions {
  readonly logger: Logger;
  /** Whether requests may be sent now; until then `untilAnswered` waits. */
  mayAttempt(): boolean;
  /** Background work failed for another reason than a missing answer. Called once at most. */
  onFatal(error: Error): void;
}

export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #closing = new AbortController();
  #failed = false;

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  /** Repeats `attempt` until ZooKeeper answers. @throws KvError CLOSED */
  async untilAnswered<T>(attempt: () => Promise<T>): Promise<T> {
    const { logger, mayAttempt } = this.#options;
    for (let attempts = 1; ; attempts += 1) {
      if (this.#closing.signal.aborted) throw new KvError('CLOSED', 'the coordinator has been closed');
      try {
        if (mayAttempt()) return await attempt();
      } catch (error) {
        if (!(error instanceof ZnodeError)) throw error;
        if (attempts === 1) logger.warn({ err: error }, 'ZooKeeper did not answer; trying again until it does');
      }
      await pause(retryPauseMs, undefined, { signal: this.#closing.signal }).catch(() => {});
    }
  }

  /** A missing answer is only logged, since the next upkeep repeats the work. Any other failure stops the node. */
  inBackground(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (this.#closing.signal.aborted || this.#failed) return;
      if (error instanceof ZnodeError) {
        this.#options.logger.debug({ err: error }, 'ZooKeeper did not answer');
        return;
      }
      this.#failed = true;
      this.#options.onFatal(error instanceof Error ? error : new Error(String(error)));
    });
  }

  /** Ends the waits of `untilAnswered`. Idempotent. */
  close(): void {
    this.#closing.abort();
  }
}
