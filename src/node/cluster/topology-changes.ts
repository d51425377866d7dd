/**
 * Collects what may have changed in the topology, and hands it to the publisher: at once after a quiet time, and otherwise at a pace,
 * so that a change of many shards is published in a few messages instead of one for each shard.
 */
import type { VersionedPlacement } from '../../coordination/index.js';

/** Pauses between two batches: about ten times as long as it takes to describe a shard and compare it, and to send it if it is new. */
const pauseMsPerShard = 0.05;
const pauseMsPerNewShard = 0.5;

/** What may have changed. */
export interface TopologyBatch {
  readonly shards: ReadonlySet<number>;
  /** The nodes, or the version of the placement. */
  readonly cluster: boolean;
}

export class TopologyChanges {
  readonly #shardCount: number;
  #publish: ((batch: TopologyBatch) => number) | undefined;
  #shards = new Set<number>();
  #cluster = false;
  #scheduled = false;
  #closed = false;
  #pause: NodeJS.Timeout | undefined;

  constructor(shardCount: number) {
    this.#shardCount = shardCount;
  }

  /** The changes that are not published yet. */
  get pending(): TopologyBatch {
    return { shards: this.#shards, cluster: this.#cluster };
  }

  /** Begins to publish. @param publish returns how many of the shards have changed. */
  start(publish: (batch: TopologyBatch) => number): void {
    this.#publish = publish;
  }

  /** The shard may be in the middle of a step: its change is published when this turn is over. */
  shardChanged(shard: number): void {
    this.#shards.add(shard);
    this.#schedule();
  }

  onNodes(): void {
    this.#cluster = true;
    this.#schedule();
  }

  onPlacement(_read: VersionedPlacement | undefined): void {
    this.#cluster = true;
    for (let shard = 0; shard < this.#shardCount; shard++) this.#shards.add(shard);
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
      this.#publishPending();
    });
  }

  #publishPending(): void {
    if (this.#closed || this.#publish === undefined || (this.#shards.size === 0 && !this.#cluster)) return;
    const batch = this.pending;
    this.#shards = new Set();
    this.#cluster = false;
    const newShards = this.#publish(batch);
    const pauseMs = batch.shards.size * pauseMsPerShard + Math.max(1, newShards) * pauseMsPerNewShard;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#publishPending();
    }, pauseMs);
  }
}
