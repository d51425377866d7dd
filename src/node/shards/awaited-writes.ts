/**
 * Waits until the writes of a replica are durable. Writes that its storage keeps together, such as those of one flush, are reported
 * together: the core then acknowledges and commits them in one step.
 */

export interface WriteListener {
  /** Every write up to this one is durable. */
  durable(write: number): void;
  failed(error: Error): void;
}

/** Writes of which one promise says when they are durable. */
interface Group {
  readonly kept: Promise<void>;
  newest: number;
}

export class AwaitedWrites {
  readonly #listener: WriteListener;
  /** The group of the newest write, until it is reported. */
  #newest: Group | undefined;

  constructor(listener: WriteListener) {
    this.#listener = listener;
  }

  /** Writes are numbered in their order, and become durable in it. */
  add(write: number, kept: Promise<void>): void {
    if (this.#newest?.kept === kept) this.#newest.newest = write;
    else this.#await({ kept, newest: write });
  }

  #await(group: Group): void {
    this.#newest = group;
    group.kept.then(
      () => {
        // A later write of the same promise, which has resolved, is reported by itself.
        if (this.#newest === group) this.#newest = undefined;
        this.#listener.durable(group.newest);
      },
      (error: Error) => this.#listener.failed(error),
    );
  }
}
