/** Judges whether the database of a node gives no answer (R12), once for each call. */

/** If more time than this lies between two judgements, the process or its machine stood still. */
const stalledMs = 2_500;

export class SilentDatabase {
  readonly #timeoutMs: number;
  /** The end of the last time in which the process stood still. */
  #wokeMs = Number.NEGATIVE_INFINITY;
  #judgedMs: number | undefined;

  /** @param timeoutMs `--state-timeout-ms` */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Call it once a second. A process that stood still has not read the answers that arrived meanwhile. So the database then has the
   * whole timeout again.
   *
   * @param silentMs for how long a call has waited for its answer
   */
  judge(silentMs: number, nowMs: number): boolean {
    if (this.#judgedMs !== undefined && nowMs - this.#judgedMs > stalledMs) this.#wokeMs = nowMs;
    this.#judgedMs = nowMs;
    return Math.min(silentMs, nowMs - this.#wokeMs) > this.#timeoutMs;
  }
}
