/**
 * When those who watch the topology are told of what has changed in it: at once, but after that not before a while, so that a
 * change of many shards is told in a few messages instead of one for each.
 */

/** About ten times as long as it takes to work out what is to be told of a shard, to compare it and to send it. */
const msPerShard = 0.5;

/** What may be different now. */
export interface TopologyChanges {
  readonly shards: ReadonlySet<number>;
  /** Nodes, or the version of the placement. */
  readonly cluster: boolean;
}

export class TopologyNews {
  readonly #tell: (changes: TopologyChanges) => void;
  #shards = new Set<number>();
  #cluster = false;
  #scheduled = false;
  #closed = false;
  #pause: NodeJS.Timeout | undefined;

  constructor(tell: (changes: TopologyChanges) => void) {
    this.#tell = tell;
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
    const changes = { shards: this.#shards, cluster: this.#cluster };
    this.#shards = new Set();
    this.#cluster = false;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#tellNow();
    }, Math.max(1, changes.shards.size) * msPerShard);
    this.#tell(changes);
  }
}
