/**
 * The stream to one other node, on which this node's primaries of all shards send to the replicas there. It is opened again after
 * every break, until it is closed.
 *
 * A stream that ends before an answer on it was understood is one that the other node refuses: that node has another format
 * version, or its address belongs to another cluster by now. Such a stream is opened again more and more slowly.
 *
 * No message is queued across a break: the core starts each peer again with Sync.
 */
import { type Client, type ClientDuplexStream, type ServiceError, status } from '@grpc/grpc-js';
import type { Message, ResponseBody } from '../../replication/index.js';
import { clusterMetadata } from '../../wire/contract/cluster-name.js';
import { replicationService } from '../../wire/contract/node-contract.js';
import { IncomingMessages, OutgoingMessages, type ReceivedMessage } from '../../wire/peer/message-stream.js';
import { type ReplicationCodec, readResponse, type WrongReplica } from '../../wire/peer/replication-codec.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';
import { connectTimeoutMs, newNodeClient } from './node-client.js';

export interface PeerLinkListener {
  onUp(): void;
  /**
   * The link is down; called again after every further attempt that fails.
   * @param refused no process listens there. It is a hint: it makes an eviction quicker, and does no harm if it is wrong.
   * @param reason in the words of gRPC.
   */
  onDown(refused: boolean, reason: string): void;
  onMessage(shard: number, message: Message): void;
  /** The node there has reported what its data costs: `usedBytes` has changed. */
  onUseReported(): void;
  /** The node there no longer holds this replica. */
  onWrongReplica(shard: number, replicaId: string): void;
  /** The node there answers and refuses the stream. Called again only after a stream was accepted and answered. */
  onRefused(reason: string): void;
}

/**
 * The time between two attempts, doubled from the first to the longest. The first attempt after a break is made at once, to
 * distinguish a restart from a death. The next break gets such an attempt only if the other node has sent an answer that was
 * understood here.
 */
const firstRetryMs = 50;
const maxRetryMs = 1_000;
/** `connectNow` does not replace an attempt that began within this time. */
const freshMs = 50;
/** With more frames than this waiting in the stream, beacons are left out: a beacon may be lost, and more would only pile up. */
const maxQueuedFrames = 64;

/** With these statuses the other node itself has ended the stream, not a broken connection. */
const refusals: ReadonlySet<status> = new Set([status.FAILED_PRECONDITION, status.INVALID_ARGUMENT, status.UNIMPLEMENTED]);

type Stream = ClientDuplexStream<Buffer, Buffer>;
type Answer = ResponseBody | WrongReplica;

export class PeerLink {
  readonly address: string;
  readonly #clusterId: string;
  readonly #listener: PeerLinkListener;
  #client: Client | undefined;
  #stream: Stream | undefined;
  #outgoing: OutgoingMessages | undefined;
  #usedBytes: number | undefined;
  #up = false;
  #retryMs = 0;
  /** The last stream was refused, and no answer has been understood since. */
  #refused = false;
  #openedMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(address: string, clusterId: string, listener: PeerLinkListener) {
    this.address = address;
    this.#clusterId = clusterId;
    this.#listener = listener;
    this.#open();
  }

  get isUp(): boolean {
    return this.#up;
  }

  /** What the data of the node there costs, by its last report; undefined: it has sent none since the link is up. */
  get usedBytes(): number | undefined {
    return this.#usedBytes;
  }

  /**
   * Tries to connect at once, for a shard that needs the link now: without waiting for the next attempt, nor for one that may be
   * stuck. Many shards may call it at the same time.
   */
  connectNow(): void {
    if (this.#up || this.#closed) return;
    if (this.#stream !== undefined && performance.now() - this.#openedMs < freshMs) return;
    this.#leave();
    if (!this.#refused) this.#retryMs = 0;
    this.#open();
  }

  /** The message leaves together with all others that are sent to that node in this turn. */
  send(codec: ReplicationCodec, message: Message): void {
    const stream = this.#stream;
    if (stream === undefined || !this.#up) return;
    if (message.body.type === 'beacon' && stream.writableLength > maxQueuedFrames) return;
    this.#outgoing?.send(codec, message);
  }

  /** Messages that were sent before still leave. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#outgoing?.flush();
    this.#outgoing = undefined;
    this.#stream?.end();
    this.#client?.close();
  }

  #open(): void {
    if (this.#closed) return;
    this.#openedMs = performance.now();
    const { path, requestSerialize, responseDeserialize } = replicationService.Replicate!;
    this.#client = newNodeClient(this.address);
    const metadata = clusterMetadata(this.#clusterId);
    const stream: Stream = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
    this.#stream = stream;
    this.#outgoing = new OutgoingMessages(this.#clusterId, (frame) => stream === this.#stream && stream.write(frame));
    const incoming = new IncomingMessages(this.#clusterId, readResponse, (bytes) => this.#useReported(stream, bytes));
    stream.on('error', (error: ServiceError) => this.#broken(stream, error.details, refusals.has(error.code)));
    stream.on('end', () => this.#broken(stream, 'ended by the other side'));
    stream.on('metadata', () => this.#opened(stream));
    stream.on('data', (frame: Buffer) => this.#received(stream, incoming, frame));
    this.#timer = setTimeout(() => this.#broken(stream, 'no answer in time'), connectTimeoutMs);
  }

  /** The other node sends its metadata at once, and may still refuse the stream afterwards: so the back-off continues. */
  #opened(stream: Stream): void {
    if (stream !== this.#stream || this.#closed) return;
    clearTimeout(this.#timer);
    this.#up = true;
    this.#listener.onUp();
  }

  #received(stream: Stream, incoming: IncomingMessages<Answer>, frame: Buffer): void {
    if (stream !== this.#stream || this.#closed) return;
    try {
      const refusal = incoming.read(frame, (shard, message) => {
        this.#deliver(shard, message);
        // Handling the message may have closed the stream.
        return stream === this.#stream && !this.#closed;
      });
      if (refusal !== undefined) return this.#broken(stream, refusal, true);
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      return this.#broken(stream, `a message that cannot be read: ${error.message}`, true);
    }
    this.#refused = false;
    this.#retryMs = 0;
  }

  #deliver(shard: number, message: ReceivedMessage<Answer>): void {
    if (message.body.type === 'wrongReplica') this.#listener.onWrongReplica(shard, message.from);
    else this.#listener.onMessage(shard, message as Message);
  }

  #useReported(stream: Stream, bytes: number): void {
    if (stream !== this.#stream || this.#closed) return;
    this.#usedBytes = bytes;
    this.#listener.onUseReported();
  }

  #broken(stream: Stream, details: string, isRefusal = false): void {
    if (stream !== this.#stream) return;
    this.#leave();
    if (this.#closed) return;
    if (isRefusal && !this.#refused) {
      this.#refused = true;
      this.#listener.onRefused(details);
    }
    // Only the text of the error distinguishes a refused connection from other failures; the status code does not.
    this.#listener.onDown(details.includes('ECONNREFUSED'), details);
    this.#timer = setTimeout(() => this.#open(), this.#retryMs);
    this.#retryMs = Math.min(maxRetryMs, this.#retryMs === 0 ? firstRetryMs : this.#retryMs * 2);
  }

  #leave(): void {
    clearTimeout(this.#timer);
    const stream = this.#stream;
    this.#stream = undefined;
    this.#outgoing = undefined;
    this.#usedBytes = undefined;
    this.#up = false;
    stream?.cancel();
    this.#client?.close();
  }
}
