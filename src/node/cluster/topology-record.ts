/**
 * The topology as this node publishes it. Each part carries the revision in which it last changed. A watcher that has everything up to
 * one revision can be sent the changes after it, however far behind it is, and no queue is kept for any watcher.
 */
import type { ShardReport, TopologyReport } from '../../wire/contract/kv-api.js';

/** The topology as the node sees it now. */
export interface TopologySource {
  readonly shardCount: number;
  /** The report without its shards. */
  cluster(): TopologyReport;
  shard(shard: number): ShardReport;
}

interface RecordedShard {
  readonly report: ShardReport;
  readonly text: string;
  readonly revision: number;
  /** It is held now, or was: a watcher that knows of the copy must also learn that it is gone. */
  readonly wasHeld: boolean;
}

export class TopologyRecord {
  readonly #source: TopologySource;
  readonly #shards: RecordedShard[] = [];
  #cluster: TopologyReport;
  #clusterText = '';
  #nodesText = '';
  #clusterRevision = 0;
  #nodesRevision = 0;
  #revision = 0;

  constructor(source: TopologySource) {
    this.#source = source;
    this.#cluster = source.cluster();
  }

  /** Grows with every change that has been looked at. */
  get revision(): number {
    return this.#revision;
  }

  lookAtCluster(): void {
    const cluster = this.#source.cluster();
    const text = JSON.stringify(cluster);
    if (text === this.#clusterText) return;
    this.#revision++;
    this.#cluster = cluster;
    this.#clusterText = text;
    this.#clusterRevision = this.#revision;
    const nodesText = JSON.stringify(cluster.nodes);
    if (nodesText === this.#nodesText) return;
    this.#nodesText = nodesText;
    this.#nodesRevision = this.#revision;
  }

  /** @returns whether the shard is different from before. */
  lookAtShard(shard: number): boolean {
    const before = this.#shards[shard];
    const report = this.#source.shard(shard);
    const text = textOf(report);
    if (text === before?.text) {
      this.#shards[shard] = { ...before, report };
      return false;
    }
    this.#revision++;
    this.#shards[shard] = { report, text, revision: this.#revision, wasHeld: report.held || before?.wasHeld === true };
    return true;
  }

  /**
   * Must be called before the whole is sent.
   * @param changed the shards not held here that may be different. Those that are held are all looked at, which are few.
   */
  bringUpToDate(changed: Iterable<number>): void {
    this.lookAtCluster();
    for (const shard of changed) this.lookAtShard(shard);
    for (let shard = 0; shard < this.#source.shardCount; shard++)
      if (this.#shards[shard]?.report.held !== false) this.lookAtShard(shard);
  }

  whole(heldOnly: boolean): TopologyReport {
    return { ...this.#cluster, shards: this.#reports(({ report }) => report.held || !heldOnly) };
  }

  /** The changes after that revision; undefined if there are none. */
  since(revision: number, heldOnly: boolean): TopologyReport | undefined {
    const shards = this.#reports((shard) => shard.revision > revision && (shard.wasHeld || !heldOnly));
    if (shards.length === 0 && this.#clusterRevision <= revision) return undefined;
    const nodes = this.#nodesRevision > revision ? this.#cluster.nodes : [];
    return { ...this.#cluster, nodes, shards, partial: true };
  }

  #reports(isWanted: (shard: RecordedShard) => boolean): ShardReport[] {
    return this.#shards.filter(isWanted).map(({ report }) => report);
  }
}

/** A report that differs in nothing but its commit index has the same text: each write would be a change otherwise. */
function textOf({ position, ...report }: ShardReport): string {
  return JSON.stringify([report, position?.history]);
}
