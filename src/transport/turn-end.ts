/**
 * The end of a turn of the event loop, when everything that has arrived at the sockets by now has been handled. It has three steps:
 * the replicas hand over the writes of the turn, the log on disk writes them, and messages are sent. So one message carries
 * everything that a turn has for its receiver, including acknowledgements of what the log has written within the turn.
 */
type Work = () => void;

export class TurnEnd {
  readonly #writes: Work[] = [];
  readonly #logWrites: Work[] = [];
  readonly #sends: Work[] = [];
  #isScheduled = false;

  /** Registers work of the first step: a replica hands over the writes of the turn. */
  write(work: Work): void {
    this.#schedule(this.#writes, work);
  }

  /** Registers work of the second step: it writes the log. Messages that follow from promises of the log are sent in the same turn. */
  writeLog(work: Work): void {
    this.#schedule(this.#logWrites, work);
  }

  /** Registers work of the last step: it sends messages, in the order of registration. */
  send(work: Work): void {
    this.#schedule(this.#sends, work);
  }

  /** Work that is registered while other work is done belongs to the same turn. */
  #schedule(list: Work[], work: Work): void {
    list.push(work);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#run);
  }

  readonly #run = (): void => {
    try {
      while (!this.#isOver) {
        if (this.#writes.length > 0) doAll(this.#writes);
        else if (this.#logWrites.length === 0) doAll(this.#sends);
        else {
          doAll(this.#logWrites);
          // Reactions to promises that the log has resolved come first.
          return queueMicrotask(this.#run);
        }
      }
      this.#isScheduled = false;
    } catch (error) {
      this.#isScheduled = false;
      throw error;
    }
  };

  get #isOver(): boolean {
    return this.#writes.length === 0 && this.#logWrites.length === 0 && this.#sends.length === 0;
  }
}

/** Work may register more work of its own step. */
function doAll(list: Work[]): void {
  try {
    for (let next = 0; next < list.length; next++) list[next]!();
  } finally {
    list.length = 0;
  }
}
