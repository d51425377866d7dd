/**
 * The end of a turn of the event loop, when everything that has arrived at the sockets by now has been handled. What is to be sent
 * leaves then, so that one message carries everything that a turn has for its receiver.
 */
export class TurnEnd {
  #due: (() => void)[] = [];

  /** Calls `work` at the end of this turn, after all that was registered before it. Work registered meanwhile belongs to this turn. */
  at(work: () => void): void {
    if (this.#due.length === 0) setImmediate(() => this.#run());
    this.#due.push(work);
  }

  #run(): void {
    const due = this.#due;
    try {
      // Work may register more work.
      for (let next = 0; next < due.length; next++) due[next]!();
    } finally {
      this.#due = [];
    }
  }
}
