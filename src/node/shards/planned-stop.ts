/** A planned stop of all replicas of a node together (R12, R13): waits until each has stopped, or was released meanwhile. */
export class PlannedStop<Shard> {
  /** Resolves when none is waited for any more, to the number that could not be left cleanly by the deadline. */
  readonly unclean: Promise<number>;
  readonly #waiting: Set<Shard>;
  #resolve: (unclean: number) => void = () => {};
  #unclean = 0;

  constructor(shards: Iterable<Shard>) {
    this.#waiting = new Set(shards);
    this.unclean = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#maybeResolve();
  }

  /** Idempotent. */
  stopped(shard: Shard, clean: boolean): void {
    if (this.#waiting.delete(shard) && !clean) this.#unclean++;
    this.#maybeResolve();
  }

  #maybeResolve(): void {
    if (this.#waiting.size === 0) this.#resolve(this.#unclean);
  }
}
