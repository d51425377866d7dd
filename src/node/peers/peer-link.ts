/**
 * The stream to one other node, on which this node's primaries of all shards send to the replicas there. It is opened again after
 * every break, until it is closed.
 *
 * A stream that ends before an answer on it was understood is one that the other node refuses: that node has another format
 * version, or its address belongs to another cluster by now. Such a stream is opened again more and more slowly.
 *
 * No message is queued across a break: the core starts each peer again with Sync.
 */
import type { ErrorCode, KvError } from '../../errors.js';
import type { Message, ResponseBody } from '../../replication/index.js';
import type { FrameStream } from '../../transport/index.js';
import { IncomingMessages, OutgoingMessages, type ReceivedMessage } from '../../wire/peer/message-stream.js';
import { type ReplicationCodec, readResponse, type WrongReplica } from '../../wire/peer/replication-codec.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';
import { dialPeer } from './dial-peer.js';

export interface PeerLinkListener {
  onUp(): void;
  /**
   * The link is down; called again after every further attempt that fails.
   * @param refused no process listens there. It is a hint: it makes an eviction quicker, and does no harm if it is wrong.
   * @param reason in the words of the operating system, as far as it gives one.
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
/** How long connecting may take, from TCP until the other node accepts the stream. */
const connectTimeoutMs = 2_000;
/** A stream that was closed ends when the other node ends it, or after this time. */
const closeTimeoutMs = 1_000;
/** With more bytes than this waiting to leave, beacons are left out: a beacon may be lost, and more would only pile up. */
const maxQueuedBytes = 4 * 1024 * 1024;

/** With these errors the other node itself has ended the stream, not a broken connection. */
const refusals: ReadonlySet<ErrorCode> = new Set(['WRONG_CLUSTER', 'INVALID_ARGUMENT', 'MESSAGE_TOO_LARGE']);

type Answer = ResponseBody | WrongReplica;

export class PeerLink {
  readonly address: string;
  readonly #clusterId: string;
  readonly #listener: PeerLinkListener;
  #stream: FrameStream | undefined;
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
    if (message.body.type === 'beacon' && stream.queuedBytes > maxQueuedBytes) return;
    this.#outgoing?.send(codec, message);
  }

  /** Messages that were sent before still leave. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#outgoing?.flush();
    this.#outgoing = undefined;
    const stream = this.#stream;
    if (stream === undefined) return;
    stream.end();
    if (this.#up) setTimeout(() => stream.cancel(), closeTimeoutMs).unref();
    else stream.cancel();
  }

  #open(): void {
    if (this.#closed) return;
    this.#openedMs = performance.now();
    const stream = dialPeer(this.address, this.#clusterId, connectTimeoutMs, {
      onAccepted: () => this.#opened(stream),
      onFrame: (frame) => this.#received(stream, incoming, frame),
      onDrain() {},
      onEnd() {},
      onClosed: (error) => this.#ended(stream, error),
    });
    this.#stream = stream;
    this.#outgoing = new OutgoingMessages(this.#clusterId, (frame) => stream === this.#stream && stream.send(frame));
    const incoming = new IncomingMessages(this.#clusterId, readResponse, (bytes) => this.#useReported(stream, bytes));
  }

  /** The other node accepts the stream at once, and may still refuse it afterwards: so the back-off continues. */
  #opened(stream: FrameStream): void {
    if (stream !== this.#stream || this.#closed) return;
    this.#up = true;
    this.#listener.onUp();
  }

  #ended(stream: FrameStream, error: KvError | undefined): void {
    if (error === undefined) this.#broken(stream, 'ended by the other side');
    else this.#broken(stream, error.message, refusals.has(error.code));
  }

  #received(stream: FrameStream, incoming: IncomingMessages<Answer>, frame: Buffer): void {
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

  #useReported(stream: FrameStream, bytes: number): void {
    if (stream !== this.#stream || this.#closed) return;
    this.#usedBytes = bytes;
    this.#listener.onUseReported();
  }

  #broken(stream: FrameStream, details: string, isRefusal = false): void {
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
  }
}
