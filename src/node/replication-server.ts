/**
 * What other nodes call: Replicate, over which their primaries speak to the replica here, and Dump (R10).
 *
 * A message that cannot be read, or for another format, cluster or shard, ends the stream with the reason; one for a replica that is not here
 * any more is refused by itself, since its sender may have others on the same stream (R1).
 */
import { Metadata, type ServerDuplexStream, status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Effect, Message, ReplicaId } from '../replication/index.js';
import { type Received, type ReplicationCodec, readRequest } from '../rpc/replication-codec.js';
import { type DumpCall, serveDump } from './dump-server.js';
import type { ShardHost } from './shard-host.js';

type Inbound = ServerDuplexStream<Buffer, Buffer>;

export class ReplicationServer {
  readonly #codec: ReplicationCodec;
  readonly #host: () => ShardHost;
  readonly #inbound = new Set<Inbound>();
  /** The stream on which a primary was last heard: answers go back on it. */
  readonly #heardOn = new Map<ReplicaId, Inbound>();
  readonly #dumpCalls = new Map<string, DumpCall>();

  constructor(codec: ReplicationCodec, host: () => ShardHost) {
    this.#codec = codec;
    this.#host = host;
  }

  get implementation(): UntypedServiceImplementation {
    return {
      Replicate: (call: Inbound) => this.#replicate(call),
      Dump: (call: DumpCall) => this.#dump(call),
    };
  }

  /** Answers are dropped where the stream they belong to is gone: the primary starts again with Sync. */
  answer(message: Message): void {
    this.#heardOn.get(message.to)?.write(this.#codec.encode(message));
  }

  serveDump(dump: Extract<Effect, { type: 'serveDump' }>): void {
    const call = this.#takeDumpCall(dump);
    if (call !== undefined) void serveDump(call, dump, this.#codec, this.#host());
  }

  refuseDump(dump: Extract<Effect, { type: 'refuseDump' }>): void {
    this.#takeDumpCall(dump)?.emit('error', { code: status.FAILED_PRECONDITION, details: 'no dump is due to this replica' });
  }

  /** Ends every stream, so that the server can shut down. */
  close(): void {
    for (const call of this.#inbound) call.end();
    for (const call of this.#dumpCalls.values()) call.destroy();
  }

  #replicate(call: Inbound): void {
    this.#inbound.add(call);
    call.sendMetadata(new Metadata());
    call.on('data', (bytes: Buffer) => this.#received(call, bytes));
    call.on('error', () => this.#forget(call));
    call.on('cancelled', () => this.#forget(call));
    call.on('end', () => {
      this.#forget(call);
      call.end();
    });
  }

  #received(call: Inbound, bytes: Buffer): void {
    const received = this.#codec.receive(bytes, readRequest);
    if (received.kind !== 'message') {
      call.emit('error', refusal(received));
      return;
    }
    const { from, to, epoch } = received.header;
    if (to !== this.#host().replicaId) {
      call.write(this.#codec.encode({ epoch, from: to, to: from, body: { type: 'wrongReplica' } }));
      return;
    }
    if (received.body === undefined) return;
    this.#heardOn.set(from, call);
    this.#host().handle({ type: 'message', message: { epoch, from, to, body: received.body } });
  }

  #forget(call: Inbound): void {
    this.#inbound.delete(call);
    for (const [id, stream] of this.#heardOn) if (stream === call) this.#heardOn.delete(id);
  }

  #dump(call: DumpCall): void {
    const received = this.#codec.receive(call.request, () => undefined);
    if (received.kind !== 'message') {
      call.emit('error', refusal(received));
      return;
    }
    const { header, number } = received;
    if (header.to !== this.#host().replicaId) {
      call.emit('error', { code: status.FAILED_PRECONDITION, details: 'a call meant for another replica' });
      return;
    }
    this.#dumpCalls.set(dumpKey(header.from, number), call);
    this.#host().handle({ type: 'dumpRequested', from: header.from, epoch: header.epoch, number });
  }

  #takeDumpCall(dump: { readonly to: ReplicaId; readonly number: number }): DumpCall | undefined {
    const key = dumpKey(dump.to, dump.number);
    const call = this.#dumpCalls.get(key);
    this.#dumpCalls.delete(key);
    return call;
  }
}

function refusal({ kind, reason }: Exclude<Received<unknown>, { kind: 'message' }>): object {
  return { code: kind === 'malformed' ? status.INVALID_ARGUMENT : status.FAILED_PRECONDITION, details: reason };
}

function dumpKey(to: ReplicaId, number: number): string {
  return `${to} ${number}`;
}
