/** Counts the connections that the node refused or cut off, by reason: for the metrics, and for the log, which gets a line a minute. */
import type { Logger } from 'pino';
import { type CutReason, cutReasons } from '../../transport/index.js';

/** The time between two log lines: a client that keeps connecting must not fill the log. */
const logAgainMs = 60_000;

function noneCut(): Record<CutReason, number> {
  return Object.fromEntries(cutReasons.map((reason) => [reason, 0])) as Record<CutReason, number>;
}

export class CutConnections {
  /** Since the node started. */
  readonly counts = noneCut();
  readonly #logger: Logger;
  /** Since the last line of the log. */
  #unlogged: Partial<Record<CutReason, number>> = {};
  #loggedMs = Number.NEGATIVE_INFINITY;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  readonly count = (reason: CutReason): void => {
    this.counts[reason] += 1;
    this.#unlogged[reason] = (this.#unlogged[reason] ?? 0) + 1;
    const nowMs = performance.now();
    if (nowMs - this.#loggedMs < logAgainMs) return;
    this.#loggedMs = nowMs;
    this.#logger.warn({ ...this.#unlogged }, 'refused or cut off connections');
    this.#unlogged = {};
  };
}
