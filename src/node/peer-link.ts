/**
 * The stream to one other node, over which this node's primaries speak to the replicas there. It is kept open, and
 * opened again after every break, until closed.
 *
 * Nothing is queued across a break: the core starts each peer again with Sync.
 */
import type { Client, ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import type { Message } from '../replication/index.js';
import { replicationService } from '../rpc/proto.js';
import { type ReplicationCodec, readResponse } from '../rpc/replication-codec.js';
import { connectTimeoutMs, newNodeClient } from './node-client.js';

export interface PeerLinkListener {
  onUp(): void;
  /** `refused`: nothing listens there. A hint: it makes an eviction quicker, and wrong it does no harm. */
  onDown(refused: boolean): void;
  onMessage(message: Message): void;
  /** The node there does not hold this replica any more. */
  onWrongReplica(replicaId: string): void;
}

/** Between two attempts; the first after a break comes at once, to tell a restart from a death. */
const firstRetryMs = 50;
const maxRetryMs = 1_000;
/** Messages waiting in the stream beyond which beacons are left out: they may be lost, and more would only pile up. */
const maxQueuedMessages = 64;

type Stream = ClientDuplexStream<Buffer, Buffer>;

export class PeerLink {
  readonly address: string;
  readonly #codec: ReplicationCodec;
  readonly #listener: PeerLinkListener;
  #client: Client | undefined;
  #stream: Stream | undefined;
  #up = false;
  #retryMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(address: string, codec: ReplicationCodec, listener: PeerLinkListener) {
    this.address = address;
    this.#codec = codec;
    this.#listener = listener;
    this.#open();
  }

  get isUp(): boolean {
    return this.#up;
  }

  /** For whoever needs it now: does not wait for the next attempt, nor for one that may be stuck. */
  hurry(): void {
    if (this.#up || this.#closed) return;
    this.#leave();
    this.#retryMs = 0;
    this.#open();
  }

  send(message: Message): void {
    const stream = this.#stream;
    if (stream === undefined || !this.#up) return;
    if (message.body.type === 'beacon' && stream.writableLength > maxQueuedMessages) return;
    stream.write(this.#codec.encode(message));
  }

  /** What was sent before still leaves. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#stream?.end();
    this.#client?.close();
  }

  #open(): void {
    if (this.#closed) return;
    const { path, requestSerialize, responseDeserialize } = replicationService.Replicate!;
    this.#client = newNodeClient(this.address);
    const stream: Stream = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    this.#stream = stream;
    stream.on('error', (error: ServiceError) => this.#broke(stream, error.details));
    stream.on('end', () => this.#broke(stream, 'ended by the other side'));
    stream.on('metadata', () => this.#opened(stream));
    stream.on('data', (bytes: Buffer) => this.#received(stream, bytes));
    this.#timer = setTimeout(() => this.#broke(stream, 'no answer in time'), connectTimeoutMs);
  }

  /** The other side sends its metadata at once. */
  #opened(stream: Stream): void {
    if (stream !== this.#stream || this.#closed) return;
    clearTimeout(this.#timer);
    this.#up = true;
    this.#retryMs = 0;
    this.#listener.onUp();
  }

  #received(stream: Stream, bytes: Buffer): void {
    if (stream !== this.#stream || this.#closed) return;
    const received = this.#codec.receive(bytes, readResponse);
    if (received.kind === 'malformed') return this.#broke(stream, received.reason);
    if (received.kind === 'refused' || received.body === undefined) return;
    const { header, body } = received;
    if (body.type === 'wrongReplica') return this.#listener.onWrongReplica(header.from);
    this.#listener.onMessage({ epoch: header.epoch, from: header.from, to: header.to, body });
  }

  #broke(stream: Stream, details: string): void {
    if (stream !== this.#stream) return;
    this.#leave();
    if (this.#closed) return;
    // Neither grpc-js nor its status codes tell a refused connection from any other failure; only the text does.
    this.#listener.onDown(details.includes('ECONNREFUSED'));
    this.#timer = setTimeout(() => this.#open(), this.#retryMs);
    this.#retryMs = Math.min(maxRetryMs, this.#retryMs === 0 ? firstRetryMs : this.#retryMs * 2);
  }

  #leave(): void {
    clearTimeout(this.#timer);
    const stream = this.#stream;
    this.#stream = undefined;
    this.#up = false;
    stream?.cancel();
    this.#client?.close();
  }
}
