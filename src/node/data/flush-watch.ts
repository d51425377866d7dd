/** Watches the flushes of the log: it passes each on to the metrics, and warns of slow ones. */
import type { Logger } from 'pino';
import type { LogFlush } from '../../storage/wal/index.js';

/** A primary whose write takes a lease steps down, and the default lease is as long as this. */
const slowMs = 1_000;
/** At most one line in this time: it counts those before it that had none. */
const warnEveryMs = 60_000;

export class FlushWatch {
  /** For the metrics. */
  listener: (flush: LogFlush) => void = () => {};
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #nowMs: () => number;
  #warnedMs = Number.NEGATIVE_INFINITY;
  #unreported = 0;
  #slowestMs = 0;

  constructor(logger: Pick<Logger, 'warn'>, nowMs = () => performance.now()) {
    this.#logger = logger;
    this.#nowMs = nowMs;
  }

  flushed(flush: LogFlush): void {
    this.listener(flush);
    if (flush.durationMs >= slowMs) this.#slow(flush);
  }

  #slow({ durationMs, bytes }: LogFlush): void {
    this.#unreported++;
    this.#slowestMs = Math.max(this.#slowestMs, durationMs);
    const nowMs = this.#nowMs();
    if (nowMs - this.#warnedMs < warnEveryMs) return;
    const fields = {
      flushMs: Math.round(durationMs),
      bytes,
      slowFlushes: this.#unreported,
      slowestMs: Math.round(this.#slowestMs),
    };
    this.#logger.warn(fields, 'a flush of the log was slow: writes wait for it, and a primary steps down if one takes a lease');
    this.#warnedMs = nowMs;
    this.#unreported = 0;
    this.#slowestMs = 0;
  }
}
