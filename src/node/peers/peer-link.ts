/**
 * The link to one other node: keeps one connection to it, opened by either of the two nodes (connection-rules.ts), and has another
 * one opened after every break for as long as a shard of this node wants it.
 *
 * A connection that ends with a refusal shows that one of the two nodes does not support the format of the other, or that the address
 * belongs to another cluster by now. This node then tries more and more slowly.
 *
 * No message is queued across a break: the core starts each peer again with Sync.
 */
import type { KvError } from '../../errors.js';
import { dialTcp, type FrameStream } from '../../transport/index.js';
import { nodeRpcs } from '../../wire/contract/node-rpcs.js';
import { decodeHello, encodeHello, type Hello } from '../../wire/peer/hello.js';
import type { ReplicationCodec, WireMessage } from '../../wire/peer/replication-codec.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';
import { firstDelayMs, type KnownConnection, opensFirst, retryDelayMs, takesPlace } from './connection-rules.js';
import { isRefusal, type OwnProcess, PeerConnection } from './peer-connection.js';

export interface PeerLinkListener {
  onUp(): void;
  /**
   * The link is down; called again after every further attempt that fails.
   * @param refused no process of that node listens there. It is a hint: it makes an eviction quicker, and does no harm if it is
   *   wrong.
   * @param reason in the words of the operating system, as far as it gives one.
   */
  onDown(refused: boolean, reason: string): void;
  onMessage(connection: PeerConnection, shard: number, message: WireMessage): void;
  /** The node there has reported what its data costs: `usedBytes` has changed. */
  onUseReported(): void;
  /** One of the two nodes refuses what the other one sends. Called again only after a message was understood here. */
  onRefused(reason: string): void;
  /** Nothing of this connection comes any more. */
  onConnectionOver(connection: PeerConnection): void;
}

/** How long connecting may take, from TCP until the other node has introduced itself. */
const connectTimeoutMs = 2_000;
/** `connectNow` does not replace an attempt that began within this time. */
const freshMs = 50;

/** A connection that this node opens. */
interface Attempt {
  readonly name: string;
  readonly stream: FrameStream;
  readonly beganMs: number;
  /** Whether this node has introduced itself: from then on the other node may take the connection as the one that stays. */
  introduced: boolean;
}

export class PeerLink {
  readonly nodeId: string;
  readonly #own: OwnProcess;
  readonly #listener: PeerLinkListener;
  readonly #opensFirst: boolean;
  #address: string | undefined;
  #wanted = false;
  #connection: PeerConnection | undefined;
  #attempt: Attempt | undefined;
  #attempts = 0;
  /** The name of the last connection that was up here. */
  #lastName = '';
  /** Attempts and connections in a row without a message that was understood, or that ended with a refusal. */
  #failures = 0;
  /** The last connection was refused, and no message has been understood since. */
  #refused = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(nodeId: string, own: OwnProcess, listener: PeerLinkListener) {
    this.nodeId = nodeId;
    this.#own = own;
    this.#listener = listener;
    this.#opensFirst = opensFirst(own.nodeId, nodeId);
  }

  /** host:port of the other node; undefined: only the other node has opened connections. */
  get address(): string | undefined {
    return this.#address;
  }

  get isUp(): boolean {
    return this.#connection !== undefined;
  }

  /** What the data of the node there costs, by its last report; undefined: it has sent none since the link is up. */
  get usedBytes(): number | undefined {
    return this.#connection?.usedBytes;
  }

  /** From now on a shard wants the link. @param address where the node is reached now. */
  want(address: string): void {
    this.#address = address;
    if (this.#wanted || this.#closed) return;
    this.#wanted = true;
    if (!this.isUp) this.#openAfter(firstDelayMs(this.#opensFirst));
  }

  /** No shard wants the link any more. A connection that is up stays, for the other node. */
  unwant(): void {
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#giveUpAttempt();
  }

  /**
   * Tries to connect at once, for a shard that needs the link now: without waiting for the next attempt, nor for one that may be
   * stuck. Many shards may call it at the same time.
   */
  connectNow(): void {
    if (this.isUp || !this.#wanted) return;
    if (this.#attempt !== undefined && performance.now() - this.#attempt.beganMs < freshMs) return;
    if (!this.#refused) this.#failures = 0;
    this.#open();
  }

  /** The message leaves together with all others that are sent to that node in this turn. */
  send(codec: ReplicationCodec, message: WireMessage): void {
    this.#connection?.send(codec, message);
  }

  /** Whether a connection that the other node opens would take the place of what is here. */
  accepts(hello: Hello): boolean {
    return !this.#closed && takesPlace(hello, this.#known, this.#opensFirst);
  }

  /** Takes a connection that the other node has opened, and drops what is here. */
  accept(stream: FrameStream, hello: Hello): PeerConnection {
    const { connection: name, incarnation } = hello;
    stream.send(this.#helloOf(name));
    this.#giveUpAttempt();
    const replaced = this.#connection;
    if (replaced !== undefined) {
      this.#connection = undefined;
      replaced.drop();
      this.#listener.onConnectionOver(replaced);
      this.#listener.onDown(false, 'replaced by a newer connection');
    }
    return this.#up(stream, { name, isOwn: false, incarnation });
  }

  /** Messages that were sent before still leave. */
  close(): void {
    this.#closed = true;
    this.unwant();
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    connection.end();
    this.#listener.onConnectionOver(connection);
  }

  get #known(): KnownConnection | undefined {
    if (this.#connection !== undefined) return this.#connection;
    const { name, introduced } = this.#attempt ?? { name: '', introduced: false };
    return introduced ? { name, isOwn: true, incarnation: undefined } : undefined;
  }

  #helloOf(connection: string): Buffer {
    const { nodeId, incarnation, format } = this.#own;
    return encodeHello({ nodeId, incarnation, to: this.nodeId, connection, lost: this.#lastName }, format);
  }

  #openAfter(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), delayMs);
  }

  #open(): void {
    const address = this.#address;
    clearTimeout(this.#timer);
    this.#giveUpAttempt();
    if (this.#closed || !this.#wanted || address === undefined || this.isUp) return;
    const name = `${this.#own.incarnation}/${++this.#attempts}`;
    let connection: PeerConnection | undefined;
    const { clusterId, frames } = this.#own;
    const stream = frames.open(
      (listener) => dialTcp({ address, rpc: nodeRpcs.replicate, clusterId, connectTimeoutMs }, listener),
      {
        onAccepted: () => this.#introduce(attempt),
        onFrame: (frame) => {
          if (connection !== undefined) connection.received(frame);
          else connection = this.#answered(attempt, frame);
        },
        onDrain: () => connection?.drained(),
        onEnd() {},
        onClosed: (error) => {
          if (connection !== undefined) connection.closed(error);
          else this.#closedEarly(attempt, error);
        },
      },
    );
    const attempt: Attempt = { name, stream, beganMs: performance.now(), introduced: false };
    this.#attempt = attempt;
  }

  #introduce(attempt: Attempt): void {
    if (attempt !== this.#attempt) return;
    attempt.introduced = true;
    attempt.stream.send(this.#helloOf(attempt.name));
    this.#timer = setTimeout(() => this.#failed(attempt, 'the other node does not introduce itself'), connectTimeoutMs);
  }

  /** @returns the connection, if the other node has taken it. */
  #answered(attempt: Attempt, frame: Buffer): PeerConnection | undefined {
    if (attempt !== this.#attempt) return undefined;
    try {
      const { nodeId, incarnation } = decodeHello(frame, this.#own.format);
      if (nodeId !== this.nodeId) {
        this.#failed(attempt, `node ${nodeId} is at this address`, { isGone: true });
        return undefined;
      }
      this.#attempt = undefined;
      return this.#up(attempt.stream, { name: attempt.name, isOwn: true, incarnation });
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      this.#failed(attempt, error.message, { refused: true });
      return undefined;
    }
  }

  #up(stream: FrameStream, identity: { name: string; isOwn: boolean; incarnation: string }): PeerConnection {
    clearTimeout(this.#timer);
    const connection = new PeerConnection(stream, identity, this.#own, {
      onMessage: (from, shard, message) => {
        this.#refused = false;
        this.#listener.onMessage(from, shard, message);
      },
      onUseReported: () => this.#listener.onUseReported(),
      onOver: (over, reason, refused) => this.#broken(over, reason, refused),
    });
    this.#connection = connection;
    this.#lastName = identity.name;
    this.#listener.onUp();
    return connection;
  }

  #closedEarly(attempt: Attempt, error: KvError | undefined): void {
    const reason = error?.message ?? 'ended by the other side';
    // Only the text of the error distinguishes a refused connection from other failures; the code does not.
    this.#failed(attempt, reason, { isGone: reason.includes('ECONNREFUSED'), refused: isRefusal(error) });
  }

  #failed(attempt: Attempt, reason: string, { isGone = false, refused = false } = {}): void {
    if (attempt !== this.#attempt) return;
    this.#giveUpAttempt();
    this.#failures += 1;
    this.#downAgain(reason, isGone, refused);
  }

  #broken(connection: PeerConnection, reason: string, refused: boolean): void {
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    this.#failures = connection.understood && !refused ? 0 : this.#failures + 1;
    this.#listener.onConnectionOver(connection);
    this.#downAgain(reason, false, refused);
  }

  #downAgain(reason: string, isGone: boolean, refused: boolean): void {
    if (refused && !this.#refused) {
      this.#refused = true;
      this.#listener.onRefused(reason);
    }
    if (this.#wanted) this.#openAfter(retryDelayMs(this.#opensFirst, this.#failures));
    this.#listener.onDown(isGone, reason);
  }

  #giveUpAttempt(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (attempt === undefined) return;
    clearTimeout(this.#timer);
    attempt.stream.cancel();
  }
}
