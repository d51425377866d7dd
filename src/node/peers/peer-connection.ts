/**
 * A connection between two nodes after both have introduced themselves: messages about all shards in both directions, requests of
 * primaries and answers of backups. Which of the two nodes has opened it makes no difference to what it carries.
 *
 * Its end is reported once, unless this node drops it: then nothing of it is reported any more.
 */
import { type ErrorCode, KvError } from '../../errors.js';
import type { FrameCounts, FrameStream, TurnEnd } from '../../transport/index.js';
import type { PeerCluster } from '../../wire/peer/envelope.js';
import { IncomingMessages, OutgoingMessages } from '../../wire/peer/message-stream.js';
import type { ReplicationCodec, WireMessage } from '../../wire/peer/replication-codec.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';
import { type NodeAccount, UseReport } from '../capacity/node-account.js';
import type { KnownConnection } from './connection-rules.js';

/** The process that this node is, as far as its connections need it. */
export interface OwnProcess extends PeerCluster {
  readonly nodeId: string;
  /** Random, drawn when the process started. */
  readonly incarnation: string;
  /** The use that is reported to the other nodes. */
  readonly account: Pick<NodeAccount, 'usedBytes' | 'hasDiskRoom'>;
  /** Counts the frames of all its connections to other nodes. */
  readonly frames: FrameCounts;
  /** When its messages leave. */
  readonly turn: TurnEnd;
}

export interface ConnectionListener {
  onMessage(connection: PeerConnection, shard: number, message: WireMessage): void;
  /** The node there has reported what its data costs: `usedBytes` has changed. */
  onUseReported(connection: PeerConnection): void;
  /** @param isRefusal one of the two nodes refuses what the other one sends. */
  onOver(connection: PeerConnection, reason: string, isRefusal: boolean): void;
}

/** Which connection it is, and which process is at the other end. */
export type Identity = Pick<KnownConnection, 'name' | 'isOwn'> & { readonly incarnation: string };

/** A connection that was ended is closed when the other node closes it, or after this time. */
const closeTimeoutMs = 1_000;

/** With these errors the other node itself has ended the connection, not a fault on the way. */
const refusals: ReadonlySet<ErrorCode> = new Set(['WRONG_CLUSTER', 'INVALID_ARGUMENT', 'MESSAGE_TOO_LARGE']);

export function isRefusal(error: KvError | undefined): boolean {
  return error !== undefined && refusals.has(error.code);
}

export class PeerConnection implements KnownConnection {
  readonly name: string;
  readonly isOwn: boolean;
  readonly incarnation: string;
  readonly #stream: FrameStream;
  readonly #listener: ConnectionListener;
  readonly #outgoing: OutgoingMessages;
  readonly #incoming: IncomingMessages;
  #usedBytes: number | undefined;
  #understood = false;
  #over = false;

  /** @param stream its events are to be passed to `received`, `drained`, `ended` and `closed`. */
  constructor(stream: FrameStream, identity: Identity, own: OwnProcess, listener: ConnectionListener) {
    this.name = identity.name;
    this.isOwn = identity.isOwn;
    this.incarnation = identity.incarnation;
    this.#stream = stream;
    this.#listener = listener;
    const report = new UseReport(own.account);
    const dataBytesToReport = (): number | undefined => report.take(performance.now());
    this.#outgoing = new OutgoingMessages(own, stream, dataBytesToReport, (work) => own.turn.send(work));
    this.#incoming = new IncomingMessages(own, (bytes) => {
      this.#usedBytes = bytes;
      listener.onUseReported(this);
    });
  }

  /** What the data of the node there costs, by its last report; undefined: it has sent none on this connection. */
  get usedBytes(): number | undefined {
    return this.#usedBytes;
  }

  /** Whether a message of the other node was understood here. */
  get understood(): boolean {
    return this.#understood;
  }

  /** The message leaves together with all others that are sent to that node in this turn. It is ignored once this is over. */
  send(codec: ReplicationCodec, message: WireMessage): void {
    if (!this.#over) this.#outgoing.send(codec, message);
  }

  received(frame: Buffer): void {
    if (this.#over) return;
    try {
      const refusal = this.#incoming.read(frame, (shard, message) => {
        this.#listener.onMessage(this, shard, message);
        // Handling the message may have ended the connection.
        return !this.#over;
      });
      if (refusal !== undefined) return this.#refuse(refusal);
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      return this.#refuse(`a message that cannot be read: ${error.message}`);
    }
    this.#understood = true;
  }

  drained(): void {
    if (!this.#over) this.#outgoing.drained();
  }

  /** The other node, which has opened the connection, sends no more. */
  ended(): void {
    if (!this.#over) this.#outgoing.flush();
    this.#stream.end();
  }

  closed(error: KvError | undefined): void {
    this.#end(error?.message ?? 'ended by the other side', isRefusal(error));
  }

  /** Messages that were sent before still leave. */
  end(): void {
    if (this.#over) return;
    this.#outgoing.flush();
    this.#over = true;
    this.#stream.end();
    setTimeout(() => this.#stream.cancel(), closeTimeoutMs).unref();
  }

  /** Closes it at once. */
  drop(): void {
    this.#over = true;
    this.#stream.cancel();
  }

  #refuse(reason: string): void {
    this.#end(reason, true);
    this.#stream.fail(new KvError('INVALID_ARGUMENT', reason));
  }

  #end(reason: string, refused: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#listener.onOver(this, reason, refused);
  }
}
