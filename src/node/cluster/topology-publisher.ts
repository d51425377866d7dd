/** Publishes the topology, as this node sees it, to the clients that watch it: everything at first, then what has changed. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { GetTopologyRequest, TopologyReport } from '../../wire/contract/kv-api.js';
import type { TopologyBatch, TopologyChanges } from './topology-changes.js';
import { TopologyRecord, type TopologySource } from './topology-record.js';

export type TopologyStream = ServerWritableStream<GetTopologyRequest, TopologyReport>;

/** A watcher with this many unread messages gets nothing more until it has caught up, and then all changes in one message. */
const maxQueuedReports = 4;

export class TopologyPublisher {
  readonly #source: TopologySource;
  readonly #changes: Pick<TopologyChanges, 'pending'>;
  readonly #record: TopologyRecord;
  /** By stream: the revision up to which it has been sent everything. */
  readonly #sentRevisions = new Map<TopologyStream, number>();

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
  watch(stream: TopologyStream): void {
    this.#bringUpToDate();
    stream.on('cancelled', () => this.#sentRevisions.delete(stream));
    stream.on('error', () => this.#sentRevisions.delete(stream));
    this.#sentRevisions.set(stream, this.#record.revision);
    stream.write(this.#record.whole(stream.request.heldOnly === true));
  }

  /** Sends every watcher what is new to it. @returns how many of the shards are different from before. */
  publish({ shards, cluster }: TopologyBatch): number {
    if (cluster) this.#record.lookAtCluster();
    let changed = 0;
    for (const shard of shards) if (this.#record.lookAtShard(shard)) changed++;
    const { revision } = this.#record;
    for (const [stream, sent] of this.#sentRevisions) {
      if (sent === revision) continue;
      if (stream.writableLength < maxQueuedReports) this.#send(stream, sent);
      else if (stream.listenerCount('drain') === 0) stream.once('drain', () => this.#catchUp(stream));
    }
    return changed;
  }

  /** Ends every watch, so that the server can shut down. */
  close(): void {
    for (const stream of this.#sentRevisions.keys()) stream.end();
    this.#sentRevisions.clear();
  }

  #bringUpToDate(): void {
    this.#record.bringUpToDate(this.#changes.pending.shards);
  }

  #catchUp(stream: TopologyStream): void {
    const sent = this.#sentRevisions.get(stream);
    if (sent !== undefined && sent !== this.#record.revision) this.#send(stream, sent);
  }

  #send(stream: TopologyStream, sentRevision: number): void {
    const { changesOnly = false, heldOnly = false } = stream.request;
    this.#sentRevisions.set(stream, this.#record.revision);
    const changes = this.#record.since(sentRevision, heldOnly);
    if (changes !== undefined) stream.write(changesOnly ? changes : this.#record.whole(heldOnly));
  }
}
