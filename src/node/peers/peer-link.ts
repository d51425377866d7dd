/**
 * The stream to one other node, over which this node's primaries of all shards speak to the replicas there. It is kept open,
 * and opened again after every break, until closed. A stream that ends before anything on it was understood is one that the
 * other node refuses: it is of another format version, or at an address that belongs to another cluster by now. Such a stream
 * is opened again more and more slowly.
 *
 * Nothing is queued across a break: the core starts each peer again with Sync.
 */
import { type Client, type ClientDuplexStream, type ServiceError, status } from '@grpc/grpc-js';
import type { Message, ResponseBody } from '../../replication/index.js';
import { clusterMetadata } from '../../wire/contract/cluster-name.js';
import { replicationService } from '../../wire/contract/proto.js';
import { type HeardMessage, IncomingMessages, OutgoingMessages } from '../../wire/peer/message-stream.js';
import { type ReplicationCodec, readResponse, type WrongReplica } from '../../wire/peer/replication-codec.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';
import { connectTimeoutMs, newNodeClient } from './node-client.js';

export interface PeerLinkListener {
  onUp(): void;
  /**
   * Also after every further attempt that fails. `refused`: nothing listens there. A hint: it makes an eviction quicker, and
   * wrong it does no harm. `reason`: in the words of gRPC.
   */
  onDown(refused: boolean, reason: string): void;
  onMessage(shard: number, message: Message): void;
  /** The node there has told what its data costs. */
  onDataBytes(): void;
  /** The node there does not hold this replica any more. */
  onWrongReplica(shard: number, replicaId: string): void;
  /** The node there has answered, and refuses what is said to it; not told again before it has understood something. */
  onRefused(reason: string): void;
}

/**
 * Between two attempts. The first after a break comes at once, to tell a restart from a death; that holds again only after the
 * other node has answered something that was understood here.
 */
const firstRetryMs = 50;
const maxRetryMs = 1_000;
/** An attempt that began so recently is not given up for another. */
const freshMs = 50;
/** Frames waiting in the stream beyond which beacons are left out: they may be lost, and more would only pile up. */
const maxQueuedFrames = 64;

/** Statuses by which the other node itself, and no broken connection, ends a stream for good. */
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
  #dataBytes: number | undefined;
  #up = false;
  #retryMs = 0;
  /** The last stream was refused, and nothing has been understood since. */
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

  /** What the data of the node there costs it, as it has told; undefined: it has not, since the link is up. */
  get dataBytes(): number | undefined {
    return this.#dataBytes;
  }

  /** For whoever needs it now: does not wait for the next attempt, nor for one that may be stuck. Many shards may ask at once. */
  hurry(): void {
    if (this.#up || this.#closed) return;
    if (this.#stream !== undefined && performance.now() - this.#openedMs < freshMs) return;
    this.#leave();
    if (!this.#refused) this.#retryMs = 0;
    this.#open();
  }

  /** Leaves with everything else that is said there in this turn. */
  send(codec: ReplicationCodec, message: Message): void {
    const stream = this.#stream;
    if (stream === undefined || !this.#up) return;
    if (message.body.type === 'beacon' && stream.writableLength > maxQueuedFrames) return;
    this.#outgoing?.say(codec, message);
  }

  /** What was sent before still leaves. */
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
    const incoming = new IncomingMessages(this.#clusterId, readResponse, (bytes) => this.#told(stream, bytes));
    stream.on('error', (error: ServiceError) => this.#broke(stream, error.details, refusals.has(error.code)));
    stream.on('end', () => this.#broke(stream, 'ended by the other side'));
    stream.on('metadata', () => this.#opened(stream));
    stream.on('data', (frame: Buffer) => this.#received(stream, incoming, frame));
    this.#timer = setTimeout(() => this.#broke(stream, 'no answer in time'), connectTimeoutMs);
  }

  /** The other side sends its metadata at once, and may refuse the stream all the same: the back-off goes on. */
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
        this.#take(shard, message);
        // What it led to may have closed the stream.
        return stream === this.#stream && !this.#closed;
      });
      if (refusal !== undefined) return this.#broke(stream, refusal, true);
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      return this.#broke(stream, `a message that cannot be read: ${error.message}`, true);
    }
    this.#refused = false;
    this.#retryMs = 0;
  }

  #take(shard: number, message: HeardMessage<Answer>): void {
    if (message.body.type === 'wrongReplica') this.#listener.onWrongReplica(shard, message.from);
    else this.#listener.onMessage(shard, message as Message);
  }

  #told(stream: Stream, bytes: number): void {
    if (stream !== this.#stream || this.#closed) return;
    this.#dataBytes = bytes;
    this.#listener.onDataBytes();
  }

  #broke(stream: Stream, details: string, isRefusal = false): void {
    if (stream !== this.#stream) return;
    this.#leave();
    if (this.#closed) return;
    if (isRefusal && !this.#refused) {
      this.#refused = true;
      this.#listener.onRefused(details);
    }
    // Neither grpc-js nor its status codes tell a refused connection from any other failure; only the text does.
    this.#listener.onDown(details.includes('ECONNREFUSED'), details);
    this.#timer = setTimeout(() => this.#open(), this.#retryMs);
    this.#retryMs = Math.min(maxRetryMs, this.#retryMs === 0 ? firstRetryMs : this.#retryMs * 2);
  }

  #leave(): void {
    clearTimeout(this.#timer);
    const stream = this.#stream;
    this.#stream = undefined;
    this.#outgoing = undefined;
    this.#dataBytes = undefined;
    this.#up = false;
    stream?.cancel();
    this.#client?.close();
  }
}
