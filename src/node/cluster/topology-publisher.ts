/** Publishes the topology, as this node sees it, to the clients that watch it: everything at first, then what has changed. */
import type { GetTopologyRequest, TopologyReport } from '../../wire/contract/kv-api.js';
import type { TopologyBatch, TopologyChanges } from './topology-changes.js';
import { TopologyRecord, type TopologySource } from './topology-record.js';

/** A client that watches the topology, whatever carries its stream. */
export interface TopologyWatcher {
  readonly request: GetTopologyRequest;
  /** It has enough unread messages. It gets nothing more until `caughtUp`, and then all changes in one message. */
  readonly isBehind: boolean;
  send(report: TopologyReport): void;
  end(): void;
}

export class TopologyPublisher {
  readonly #source: TopologySource;
  readonly #changes: Pick<TopologyChanges, 'pending'>;
  readonly #record: TopologyRecord;
  /** By watcher: the revision up to which it has been sent everything. */
  readonly #sentRevisions = new Map<TopologyWatcher, number>();

  constructor(source: TopologySource, changes: Pick<TopologyChanges, 'pending'>) {
    this.#source = source;
    this.#changes = changes;
    this.#record = new TopologyRecord(source);
  }

  /** The topology as of now. */
  report(heldOnly = false): TopologyReport {
    this.#bringUpToDate();
    return this.#record.whole(heldOnly);
  }

  /** The topology as of now, without its shards. */
  clusterReport(): TopologyReport {
    return this.#source.cluster();
  }

  /** One shard as of now. */
  shardReport(shard: number): ReturnType<TopologySource['shard']> {
    return this.#source.shard(shard);
  }

  /** Sends the topology, and from then on every change of it. */
  watch(watcher: TopologyWatcher): void {
    this.#bringUpToDate();
    this.#sentRevisions.set(watcher, this.#record.revision);
    watcher.send(this.#record.whole(watcher.request.heldOnly === true));
  }

  /** The watcher has read what it was sent. */
  caughtUp(watcher: TopologyWatcher): void {
    const sent = this.#sentRevisions.get(watcher);
    if (sent !== undefined && sent !== this.#record.revision) this.#send(watcher, sent);
  }

  /** The watcher is gone. */
  forget(watcher: TopologyWatcher): void {
    this.#sentRevisions.delete(watcher);
  }

  /** Sends every watcher what is new to it. @returns how many of the shards are different from before. */
  publish({ shards, cluster }: TopologyBatch): number {
    if (cluster) this.#record.lookAtCluster();
    let changed = 0;
    for (const shard of shards) if (this.#record.lookAtShard(shard)) changed++;
    const { revision } = this.#record;
    for (const [watcher, sent] of this.#sentRevisions) {
      if (sent !== revision && !watcher.isBehind) this.#send(watcher, sent);
    }
    return changed;
  }

  /** Ends every watch, so that the server can shut down. */
  close(): void {
    for (const watcher of this.#sentRevisions.keys()) watcher.end();
    this.#sentRevisions.clear();
  }

  #bringUpToDate(): void {
    this.#record.bringUpToDate(this.#changes.pending.shards);
  }

  #send(watcher: TopologyWatcher, sentRevision: number): void {
    const { changesOnly = false, heldOnly = false } = watcher.request;
    this.#sentRevisions.set(watcher, this.#record.revision);
    const changes = this.#record.since(sentRevision, heldOnly);
    if (changes !== undefined) watcher.send(changesOnly ? changes : this.#record.whole(heldOnly));
  }
}
