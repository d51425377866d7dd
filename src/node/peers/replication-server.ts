/**
 * The service that other nodes call: Replicate, on which their primaries send to the replicas here, and Dump, by which their
 * joiners request a snapshot (R10).
 *
 * A message that cannot be read, or that is of another format or cluster, ends the stream with the reason. A message for a shard
 * or a replica that is no longer here is refused by itself, since its sender has others on the same stream (R1).
 */
import { status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { KvError } from '../../errors.js';
import type { Effect, Event, Message, ReplicaId, RequestBody } from '../../replication/index.js';
import type { FrameListener, FrameStream } from '../../transport/index.js';
import { toStatus } from '../../wire/contract/grpc-status.js';
import { readEnvelope } from '../../wire/peer/envelope.js';
import { IncomingMessages, OutgoingMessages, type ReceivedMessage } from '../../wire/peer/message-stream.js';
import { ReplicationCodec, readRequest, reasonToRefuse } from '../../wire/peer/replication-codec.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';
import { type NodeAccount, UseReport } from '../capacity/node-account.js';
import type { MoveRate } from './snapshot-pace.js';
import { type SnapshotCall, type SnapshotSource, sendSnapshot } from './snapshot-sender.js';

/** A replica of this node, as other nodes reach it. */
export interface ReachableReplica {
  readonly codec: ReplicationCodec;
  readonly host: SnapshotSource & { handle(event: Event): void };
}

/** A stream on which primaries of another node send, and on which they get their answers. */
interface Inbound {
  readonly stream: FrameStream;
  readonly incoming: IncomingMessages<RequestBody>;
  readonly outgoing: OutgoingMessages;
}

export class ReplicationServer {
  readonly #clusterId: string;
  readonly #rate: MoveRate;
  readonly #account: Pick<NodeAccount, 'usedBytes'>;
  readonly #replicas = new Map<number, ReachableReplica>();
  readonly #inbound = new Set<Inbound>();
  /** The stream on which a message of each primary came last: its answers go back on that stream. */
  readonly #answerOn = new Map<ReplicaId, Inbound>();
  readonly #snapshotCalls = new Map<string, SnapshotCall>();

  /**
   * @param rate bounds the snapshots that this node sends.
   * @param account the use that is reported to the nodes whose primaries send here.
   */
  constructor(clusterId: string, rate: MoveRate, account: Pick<NodeAccount, 'usedBytes'>) {
    this.#clusterId = clusterId;
    this.#rate = rate;
    this.#account = account;
  }

  get implementation(): UntypedServiceImplementation {
    return {
      Dump: (call: SnapshotCall) => this.#dump(call),
    };
  }

  /** From here on the replica is reached from other nodes. */
  add(replica: ReachableReplica): void {
    this.#replicas.set(replica.codec.shard, replica);
  }

  remove(replica: ReachableReplica): void {
    if (this.#replicas.get(replica.codec.shard) === replica) this.#replicas.delete(replica.codec.shard);
  }

  /** Drops the answer if the stream it belongs to is gone: the primary starts again with Sync. */
  answer(codec: ReplicationCodec, message: Message): void {
    this.#answerOn.get(message.to)?.outgoing.send(codec, message);
  }

  serveSnapshot(dump: Extract<Effect, { type: 'serveSnapshot' }>, { codec, host }: ReachableReplica): void {
    const call = this.#takeSnapshotCall(dump);
    if (call !== undefined) void sendSnapshot(call, dump, codec, host, this.#rate);
  }

  refuseSnapshot(dump: Extract<Effect, { type: 'refuseSnapshot' }>): void {
    this.#takeSnapshotCall(dump)?.emit('error', {
      code: status.FAILED_PRECONDITION,
      details: 'no snapshot is due to this replica',
    });
  }

  /** Ends every stream, so that the server can shut down. */
  close(): void {
    for (const { stream, outgoing } of this.#inbound) {
      outgoing.flush();
      stream.end();
    }
    for (const call of this.#snapshotCalls.values()) call.destroy();
  }

  /** Serves a stream on which the primaries of another node send. */
  replicate(accept: (listener: FrameListener) => FrameStream): void {
    const report = new UseReport(this.#account);
    const stream = accept({
      onFrame: (frame) => this.#received(inbound, frame),
      onDrain() {},
      onEnd: () => {
        inbound.outgoing.flush();
        stream.end();
      },
      onClosed: () => this.#forget(inbound),
    });
    const send = (frame: Buffer): boolean => this.#inbound.has(inbound) && stream.send(frame);
    const inbound: Inbound = {
      stream,
      incoming: new IncomingMessages(this.#clusterId, readRequest),
      outgoing: new OutgoingMessages(this.#clusterId, send, () => report.take(performance.now())),
    };
    this.#inbound.add(inbound);
  }

  #received(inbound: Inbound, frame: Buffer): void {
    const refusal = refusalOf(() => inbound.incoming.read(frame, (shard, message) => this.#deliver(inbound, shard, message)));
    if (refusal !== undefined) inbound.stream.fail(refusal);
  }

  #deliver(inbound: Inbound, shard: number, message: ReceivedMessage<RequestBody>): boolean {
    const { from, to } = message;
    const replica = this.#replicaOf(shard, to);
    if (replica === undefined) {
      const codec = this.#replicas.get(shard)?.codec ?? new ReplicationCodec(this.#clusterId, shard);
      inbound.outgoing.send(codec, { ...message, from: to, to: from, body: { type: 'wrongReplica' } });
      return true;
    }
    this.#answerOn.set(from, inbound);
    replica.host.handle({ type: 'message', message });
    return true;
  }

  /** Undefined: the replica that is meant is not here. */
  #replicaOf(shard: number, to: ReplicaId): ReachableReplica | undefined {
    const replica = this.#replicas.get(shard);
    return replica?.host.replicaId === to ? replica : undefined;
  }

  #forget(inbound: Inbound): void {
    this.#inbound.delete(inbound);
    for (const [id, stream] of this.#answerOn) if (stream === inbound) this.#answerOn.delete(id);
  }

  #dump(call: SnapshotCall): void {
    const refusal = refusalOf(() => {
      const { header, number } = readEnvelope(call.request);
      const reason = reasonToRefuse(this.#clusterId, header);
      if (header === undefined || reason !== undefined) return reason;
      const replica = this.#replicaOf(header.shard, header.to);
      if (replica === undefined) return 'a call meant for another replica';
      this.#snapshotCalls.set(snapshotKey(header.from, number), call);
      replica.host.handle({ type: 'snapshotRequested', from: header.from, epochId: header.epochId, number });
      return undefined;
    });
    if (refusal !== undefined) call.emit('error', toStatus(refusal));
  }

  #takeSnapshotCall(dump: { readonly to: ReplicaId; readonly number: number }): SnapshotCall | undefined {
    const key = snapshotKey(dump.to, dump.number);
    const call = this.#snapshotCalls.get(key);
    this.#snapshotCalls.delete(key);
    return call;
  }
}

/** The error that ends a stream: `read` returns the reason, or meets bytes that it cannot read. Undefined: the stream continues. */
function refusalOf(read: () => string | undefined): KvError | undefined {
  try {
    const reason = read();
    return reason === undefined ? undefined : new KvError('INVALID_ARGUMENT', reason);
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
    return new KvError('INVALID_ARGUMENT', `a message that cannot be read: ${error.message}`);
  }
}

function snapshotKey(to: ReplicaId, number: number): string {
  return `${to} ${number}`;
}
