/**
 * The smoothed round-trip time of the operations on a stream (Jacobson, "Congestion avoidance and control", SIGCOMM 1988). One
 * operation at a time is measured, so the clock is not read for the others.
 */

/** The weight of a new measurement. */
const newPart = 1 / 8;
/** A longer measurement is ignored: that operation waited for something other than the round trip. */
const staleMs = 1_000;

export class RoundTrip {
  #ms = 0;
  #id: number | undefined;
  #sentMs = 0;

  /** 0 while it is unknown. */
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

  /** The operations that were sent will get no answer. */
  forget(): void {
    this.#id = undefined;
  }
}
