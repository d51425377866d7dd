/** Those who watch the topology at this node, and what each has been told. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { GetTopologyRequest, TopologyReport } from '../../wire/contract/kv-api.js';
import type { TopologyRecord } from './topology-record.js';

export type TopologyStream = ServerWritableStream<GetTopologyRequest, TopologyReport>;

/** With so many messages unread, a watcher is told nothing more until it has caught up, and then all that came meanwhile. */
const maxQueuedReports = 4;

export class TopologyWatchers {
  readonly #record: TopologyRecord;
  /** By stream: the revision up to which it has been told. */
  readonly #told = new Map<TopologyStream, number>();

  constructor(record: TopologyRecord) {
    this.#record = record;
  }

  /** The record is up to date. */
  add(stream: TopologyStream): void {
    stream.on('cancelled', () => this.#told.delete(stream));
    stream.on('error', () => this.#told.delete(stream));
    this.#told.set(stream, this.#record.revision);
    stream.write(this.#record.whole(stream.request.heldOnly === true));
  }

  /** Tells every watcher what is news to it. */
  tell(): void {
    const { revision } = this.#record;
    for (const [stream, told] of this.#told) {
      if (told === revision) continue;
      if (stream.writableLength < maxQueuedReports) this.#tell(stream, told);
      else if (stream.listenerCount('drain') === 0) stream.once('drain', () => this.#catchUp(stream));
    }
  }

  /** Ends every watch, so that the server can shut down. */
  close(): void {
    for (const stream of this.#told.keys()) stream.end();
    this.#told.clear();
  }

  #catchUp(stream: TopologyStream): void {
    const told = this.#told.get(stream);
    if (told !== undefined && told !== this.#record.revision) this.#tell(stream, told);
  }

  #tell(stream: TopologyStream, told: number): void {
    const { changesOnly = false, heldOnly = false } = stream.request;
    this.#told.set(stream, this.#record.revision);
    const news = this.#record.since(told, heldOnly);
    if (news !== undefined) stream.write(changesOnly ? news : this.#record.whole(heldOnly));
  }
}
