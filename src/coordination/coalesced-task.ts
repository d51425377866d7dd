/**
 * Work that may be requested at any time, such as reading a path again. At most one run is in flight and one run waits,
 * however many requests there are.
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
