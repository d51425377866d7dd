/** Flushes the database about once a second while it is written, or at once where that is asked for. */

/** So much may have to be applied again after a loss of power, and keeps segments of the log from being removed. */
const pauseMs = 1_000;

export class FlushSchedule {
  readonly #flush: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param flush rejects only once the database is closed or lost */
  constructor(flush: () => Promise<void>) {
    this.#flush = flush;
  }

  /** Something was committed. */
  soon(): void {
    if (this.#timer !== undefined || this.#isClosed) return;
    this.#timer = setTimeout(() => this.now(), pauseMs);
    this.#timer.unref();
  }

  now(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // A failure that is not repeated is reported as the failure of the database.
    this.#flush().catch(() => {});
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }
}
