/** How far the life of a node is: starting, registered, stopping. A part of the node that cannot go on reports it here. */
export class Lifecycle {
  /** Resolves with the first error with which the node must end. */
  readonly failure: Promise<Error>;
  #resolveFailure: (error: Error) => void = () => {};
  #registeredMs: number | undefined;
  #isStopping = false;

  constructor() {
    this.failure = new Promise((resolve) => {
      this.#resolveFailure = resolve;
    });
  }

  /** How long other nodes have known this one; undefined: it is not registered yet. */
  get registeredForMs(): number | undefined {
    return this.#registeredMs === undefined ? undefined : performance.now() - this.#registeredMs;
  }

  /** True from when the node begins to stop. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Registered, and not stopping. */
  get isLive(): boolean {
    return this.#registeredMs !== undefined && !this.#isStopping;
  }

  registered(): void {
    this.#registeredMs = performance.now();
  }

  stopping(): void {
    this.#isStopping = true;
  }

  /** The node must end: an invariant is broken, the storage has failed, or another process has taken its id. */
  fail(error: Error): void {
    this.#resolveFailure(error);
  }
}
