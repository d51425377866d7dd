/** Judges whether the database of a node gives no answer (R12), once for each call. */

/** A judgement that comes later than this after the one before means that the process, or its machine, stood still. */
const stalledMs = 2_500;

export class SilentDatabase {
  readonly #timeoutMs: number;
  /** When the process went on after it had stood still last. */
  #wokeMs = Number.NEGATIVE_INFINITY;
  #judgedMs: number | undefined;

  /** @param timeoutMs `--state-timeout-ms` */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Call it once a second. A process that stood still itself has not read the answers of that time: then the database has the whole
   * timeout again.
   *
   * @param silentMs for how long a call has waited for its answer
   */
  judge(silentMs: number, nowMs: number): boolean {
    if (this.#judgedMs !== undefined && nowMs - this.#judgedMs > stalledMs) this.#wokeMs = nowMs;
    this.#judgedMs = nowMs;
    return Math.min(silentMs, nowMs - this.#wokeMs) > this.#timeoutMs;
  }
}
