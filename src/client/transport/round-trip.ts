/**
 * How long a stream's operations take from being sent to being answered, smoothed (Jacobson, "Congestion avoidance and control",
 * SIGCOMM 1988). One operation at a time is looked at: the clock is not read for the others.
 */

/** What a new measurement counts. */
const newPart = 1 / 8;
/** An operation that took so long has waited for something else, and says nothing of the others. */
const staleMs = 1_000;

export class RoundTrip {
  #ms = 0;
  #id: number | undefined;
  #sentMs = 0;

  /** 0: not known yet. */
  get ms(): number {
    return this.#ms;
  }

  sent(id: number): void {
    if (this.#id !== undefined) return;
    this.#id = id;
    this.#sentMs = performance.now();
  }

  answered(id: number): void {
    if (id !== this.#id) return;
    this.#id = undefined;
    const ms = performance.now() - this.#sentMs;
    if (ms > staleMs) return;
    this.#ms = this.#ms === 0 ? ms : this.#ms + newPart * (ms - this.#ms);
  }

  /** Those that were sent are answered no more. */
  forget(): void {
    this.#id = undefined;
  }
}
