/** Waits until the log has flushed what was appended, without a flush for that alone: the log flushes soon in any case. */
import type { WriteAheadLog } from '../../storage/wal/index.js';

type Log = Pick<WriteAheadLog, 'appendedBatch' | 'flushedBatch' | 'flush'>;

interface Waiting {
  readonly batch: number;
  resolve(): void;
}

export class FlushedLog {
  readonly #log: Log;
  readonly #patienceMs: number;
  /** Oldest first. */
  #waiting: Waiting[] = [];

  /** @param patienceMs after this time the log is flushed: its newest records may be such that cause no flush */
  constructor(log: Log, patienceMs: number) {
    this.#log = log;
    this.#patienceMs = patienceMs;
  }

  /** Undefined: everything that was appended is flushed. Otherwise it resolves then, and never if the log fails or is closed before. */
  flushed(): Promise<void> | undefined {
    const { appendedBatch: batch, flushedBatch } = this.#log;
    if (batch <= flushedBatch) return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(() => void this.#log.flush().then(() => this.advanced()), this.#patienceMs);
      timer.unref();
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.push({ batch, resolve: done });
    });
  }

  /** More of the log is flushed than before. */
  advanced(): void {
    const { flushedBatch } = this.#log;
    while (this.#waiting.length > 0 && this.#waiting[0]!.batch <= flushedBatch) this.#waiting.shift()!.resolve();
  }
}
