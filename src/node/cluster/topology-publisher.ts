/**
 * When those who watch the topology are told of what has changed in it: at once, but after that not before a while, so that a
 * change of many shards is told in a few messages instead of one for each.
 */

/** About ten times as long as it takes to work out what is to be told of a shard and to compare it; and to send it, if it is new. */
const msPerShardLookedAt = 0.05;
const msPerShardTold = 0.5;

/** What may be different now. */
export interface TopologyChanges {
  readonly shards: ReadonlySet<number>;
  /** Nodes, or the version of the placement. */
  readonly cluster: boolean;
}

export class TopologyPublisher {
  readonly #tell: (changes: TopologyChanges) => number;
  #shards = new Set<number>();
  #cluster = false;
  #scheduled = false;
  #closed = false;
  #pause: NodeJS.Timeout | undefined;

  /** @param tell returns of how many shards there was news. */
  constructor(tell: (changes: TopologyChanges) => number) {
    this.#tell = tell;
  }

  /** What is still to be told. */
  get untold(): TopologyChanges {
    return { shards: this.#shards, cluster: this.#cluster };
  }

  /** What has changed may be in the middle of its work: it is told when its turn is over. */
  shardChanged(shard: number): void {
    this.#shards.add(shard);
    this.#schedule();
  }

  clusterChanged(): void {
    this.#cluster = true;
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#pause);
  }

  #schedule(): void {
    if (this.#scheduled || this.#pause !== undefined) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#tellNow();
    });
  }

  #tellNow(): void {
    if (this.#closed || (this.#shards.size === 0 && !this.#cluster)) return;
    const changes = this.untold;
    this.#shards = new Set();
    this.#cluster = false;
    const told = this.#tell(changes);
    const pauseMs = changes.shards.size * msPerShardLookedAt + Math.max(1, told) * msPerShardTold;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#tellNow();
    }, pauseMs);
  }
}
