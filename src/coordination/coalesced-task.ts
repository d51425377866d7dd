/**
 * Work that may be asked for at any time and of which one run at a time is enough: reading a path again, checking one's
 * znodes. At most one run is in flight and one waits, however often it is asked for.
 */
export class CoalescedTask {
  readonly #work: () => Promise<void>;
  #running: Promise<void> | undefined;
  #pending: Promise<void> | undefined;

  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  /** Settles with a run that began after this call. */
  run(): Promise<void> {
    if (this.#pending !== undefined) return this.#pending;
    if (this.#running === undefined) return this.#start();
    this.#pending = this.#running
      .catch(() => {})
      .then(() => {
        this.#pending = undefined;
        return this.#start();
      });
    return this.#pending;
  }

  #start(): Promise<void> {
    const run = this.#work().finally(() => {
      this.#running = undefined;
    });
    this.#running = run;
    return run;
  }
}
