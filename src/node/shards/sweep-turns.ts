/** Gives the sweeps of all shards of a node their turns: one batch in a turn of the event loop, so that operations come in between. */
export class SweepTurns {
  #waiting: (() => void)[] = [];

  /** Calls `sweep` in a later turn. */
  add(sweep: () => void): void {
    this.#waiting.push(sweep);
    if (this.#waiting.length === 1) this.#schedule();
  }

  #schedule(): void {
    setImmediate(() => {
      this.#waiting[0]!();
      this.#waiting.shift();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }
}
