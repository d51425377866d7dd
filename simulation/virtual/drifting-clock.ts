/**
 * The monotonic clock of one machine: its zero is arbitrary, and its rate may change within the bound that is
 * assumed.
 */
export class DriftingClock {
  #sinceTrueMs = 0;
  #sinceLocalMs: number;
  #rate: number;

  constructor(startMs: number, rate: number) {
    this.#sinceLocalMs = startMs;
    this.#rate = rate;
  }

  read(trueMs: number): number {
    return this.#sinceLocalMs + (trueMs - this.#sinceTrueMs) * this.#rate;
  }

  setRate(trueMs: number, rate: number): void {
    this.#sinceLocalMs = this.read(trueMs);
    this.#sinceTrueMs = trueMs;
    this.#rate = rate;
  }

  /** How much true time passes while this clock advances by `localMs`, as long as its rate stays. */
  trueMsOf(localMs: number): number {
    return localMs / this.#rate;
  }
}
