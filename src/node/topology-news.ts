/**
 * When those who watch the topology are told that it may have changed: at once, but after that not before a while, so that a
 * change of many shards is told in a few messages instead of one for each.
 */

/** About ten times as long as it takes to work a topology out, to compare it and to send it. */
const msPerShard = 0.5;

export class TopologyNews {
  readonly #tell: () => void;
  readonly #pauseMs: number;
  #pending = false;
  #closed = false;
  #pause: NodeJS.Timeout | undefined;

  constructor(shardCount: number, tell: () => void) {
    this.#pauseMs = shardCount * msPerShard;
    this.#tell = tell;
  }

  /** Something may be in the middle of its work: it is told when its turn is over. */
  changed(): void {
    if (this.#pending) return;
    this.#pending = true;
    if (this.#pause === undefined) setImmediate(() => this.#tellNow());
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#pause);
  }

  #tellNow(): void {
    if (!this.#pending || this.#closed) return;
    this.#pending = false;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#tellNow();
    }, this.#pauseMs);
    this.#tell();
  }
}
