/**
 * What other nodes call: Replicate, over which their primaries speak to the replicas here, and Dump (R10).
 *
 * A message that cannot be read, or for another format or cluster, ends the stream with the reason; one for a replica or a
 * shard that is not here any more is refused by itself, since its sender has others on the same stream (R1).
 */
import { Metadata, type ServerDuplexStream, status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Effect, Message, ReplicaId, RequestBody } from '../../replication/index.js';
import { readEnvelope } from '../../wire/peer/envelope.js';
import { type HeardMessage, IncomingMessages, OutgoingMessages } from '../../wire/peer/message-stream.js';
import { ReplicationCodec, readRequest, reasonToRefuse } from '../../wire/peer/replication-codec.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';
import { DataReport } from '../capacity/data-report.js';
import type { ShardHost } from '../shards/shard-host.js';
import type { MoveRate } from './snapshot-pace.js';
import { type DumpCall, sendSnapshot } from './snapshot-sender.js';

/** A replica of this node, as others reach it. */
export interface HostedReplica {
  readonly codec: ReplicationCodec;
  readonly host: ShardHost;
}

type Call = ServerDuplexStream<Buffer, Buffer>;

/** A stream on which others speak, and what is answered on it. */
interface Inbound {
  readonly call: Call;
  readonly incoming: IncomingMessages<RequestBody>;
  readonly outgoing: OutgoingMessages;
}

export class ReplicationServer {
  readonly #clusterId: string;
  readonly #rate: MoveRate;
  readonly #replicaOf: (shard: number) => HostedReplica | undefined;
  readonly #dataBytes: () => number;
  readonly #inbound = new Set<Inbound>();
  /** The stream on which a primary was last heard: answers go back on it. */
  readonly #heardOn = new Map<ReplicaId, Inbound>();
  readonly #dumpCalls = new Map<string, DumpCall>();

  /** `dataBytes`: what the data of this node costs, which those are told that speak to its replicas. */
  constructor(
    clusterId: string,
    rate: MoveRate,
    replicaOf: (shard: number) => HostedReplica | undefined,
    dataBytes: () => number,
  ) {
    this.#dataBytes = dataBytes;
    this.#rate = rate;
    this.#clusterId = clusterId;
    this.#replicaOf = replicaOf;
  }

  get implementation(): UntypedServiceImplementation {
    return {
      Replicate: (call: Call) => this.#replicate(call),
      Dump: (call: DumpCall) => this.#dump(call),
    };
  }

  /** Answers are dropped where the stream they belong to is gone: the primary starts again with Sync. */
  answer(codec: ReplicationCodec, message: Message): void {
    this.#heardOn.get(message.to)?.outgoing.say(codec, message);
  }

  serveSnapshot(dump: Extract<Effect, { type: 'serveSnapshot' }>, { codec, host }: HostedReplica): void {
    const call = this.#takeDumpCall(dump);
    if (call !== undefined) void sendSnapshot(call, dump, codec, host, this.#rate);
  }

  refuseSnapshot(dump: Extract<Effect, { type: 'refuseSnapshot' }>): void {
    this.#takeDumpCall(dump)?.emit('error', { code: status.FAILED_PRECONDITION, details: 'no dump is due to this replica' });
  }

  /** Ends every stream, so that the server can shut down. */
  close(): void {
    for (const { call, outgoing } of this.#inbound) {
      outgoing.flush();
      call.end();
    }
    for (const call of this.#dumpCalls.values()) call.destroy();
  }

  #replicate(call: Call): void {
    const news = new DataReport(this.#dataBytes);
    const send = (frame: Buffer): boolean => this.#inbound.has(inbound) && call.write(frame);
    const inbound: Inbound = {
      call,
      incoming: new IncomingMessages(this.#clusterId, readRequest),
      outgoing: new OutgoingMessages(this.#clusterId, send, () => news.take(performance.now())),
    };
    this.#inbound.add(inbound);
    call.sendMetadata(new Metadata());
    call.on('data', (frame: Buffer) => this.#received(inbound, frame));
    call.on('error', () => this.#forget(inbound));
    call.on('cancelled', () => this.#forget(inbound));
    call.on('end', () => {
      inbound.outgoing.flush();
      this.#forget(inbound);
      call.end();
    });
  }

  #received(inbound: Inbound, frame: Buffer): void {
    const refusal = refusalOf(() => inbound.incoming.read(frame, (shard, message) => this.#take(inbound, shard, message)));
    if (refusal !== undefined) inbound.call.emit('error', refusal);
  }

  #take(inbound: Inbound, shard: number, message: HeardMessage<RequestBody>): boolean {
    const { from, to } = message;
    const host = this.#hostOf(shard, to);
    if (host === undefined) {
      const codec = this.#replicaOf(shard)?.codec ?? new ReplicationCodec(this.#clusterId, shard);
      inbound.outgoing.say(codec, { ...message, from: to, to: from, body: { type: 'wrongReplica' } });
      return true;
    }
    this.#heardOn.set(from, inbound);
    host.handle({ type: 'message', message });
    return true;
  }

  /** Of the replica that is meant, if it is here. */
  #hostOf(shard: number, to: ReplicaId): ShardHost | undefined {
    const host = this.#replicaOf(shard)?.host;
    return host?.replicaId === to ? host : undefined;
  }

  #forget(inbound: Inbound): void {
    this.#inbound.delete(inbound);
    for (const [id, stream] of this.#heardOn) if (stream === inbound) this.#heardOn.delete(id);
  }

  #dump(call: DumpCall): void {
    const refusal = refusalOf(() => {
      const { header, number } = readEnvelope(call.request);
      const reason = reasonToRefuse(this.#clusterId, header);
      if (header === undefined || reason !== undefined) return reason;
      const host = this.#hostOf(header.shard, header.to);
      if (host === undefined) return 'a call meant for another replica';
      this.#dumpCalls.set(dumpKey(header.from, number), call);
      host.handle({ type: 'snapshotRequested', from: header.from, epochId: header.epochId, number });
      return undefined;
    });
    if (refusal !== undefined) call.emit('error', refusal);
  }

  #takeDumpCall(dump: { readonly to: ReplicaId; readonly number: number }): DumpCall | undefined {
    const key = dumpKey(dump.to, dump.number);
    const call = this.#dumpCalls.get(key);
    this.#dumpCalls.delete(key);
    return call;
  }
}

/** What ends a call: `read` says why, or meets bytes that it cannot read. */
function refusalOf(read: () => string | undefined): object | undefined {
  try {
    const details = read();
    return details === undefined ? undefined : { code: status.FAILED_PRECONDITION, details };
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
    return { code: status.INVALID_ARGUMENT, details: `a message that cannot be read: ${error.message}` };
  }
}

function dumpKey(to: ReplicaId, number: number): string {
  return `${to} ${number}`;
}
