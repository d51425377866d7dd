/**
 * What this node tells of the topology, each part with the revision in which it last changed: whoever has been told up to one
 * revision is told what came after, however far behind that is, and nothing has to be kept for anyone.
 */
import type { ShardReport, TopologyReport } from '../../wire/contract/kv-api.js';

/** What the node sees now. */
export interface TopologySource {
  readonly shardCount: number;
  /** Without shards. */
  cluster(): TopologyReport;
  shard(shard: number): ShardReport;
}

interface RecordedShard {
  readonly report: ShardReport;
  readonly text: string;
  readonly revision: number;
  /** Now or before: that it is held no more must be told to those who were told that it was. */
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

  /** @returns whether there was something new. */
  lookAtShard(shard: number): boolean {
    const before = this.#shards[shard];
    const report = this.#source.shard(shard);
    const text = JSON.stringify(report);
    if (text === before?.text) return false;
    this.#revision++;
    this.#shards[shard] = { report, text, revision: this.#revision, wasHeld: report.held || before?.wasHeld === true };
    return true;
  }

  /** Before anybody is told the whole: `changed` has what may be new of shards that are not held, which are the most by far. */
  bringUpToDate(changed: Iterable<number>): void {
    this.lookAtCluster();
    for (const shard of changed) this.lookAtShard(shard);
    for (let shard = 0; shard < this.#source.shardCount; shard++)
      if (this.#shards[shard]?.report.held !== false) this.lookAtShard(shard);
  }

  whole(heldOnly: boolean): TopologyReport {
    return { ...this.#cluster, shards: this.#reports(({ report }) => report.held || !heldOnly) };
  }

  /** What has changed after that revision; undefined if there is nothing to tell. */
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
