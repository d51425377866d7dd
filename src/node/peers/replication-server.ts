/**
 * What this node does for the replicas on other nodes: passes the messages of primaries to the replicas here, and the answers back on
 * the same connection; and sends snapshots to their joiners, each on a connection of its own (R10).
 *
 * If a message is for a shard or a replica that is no longer here, the server refuses only that message (R1). The connection stays,
 * because it carries other shards.
 */
import { KvError } from '../../errors.js';
import type { Effect, Event, Message, ReplicaId, RequestBody } from '../../replication/index.js';
import { type FrameStream, ReplyStream } from '../../transport/index.js';
import type { Envelope, PeerCluster } from '../../wire/peer/envelope.js';
import { ReplicationCodec, reasonToRefuse } from '../../wire/peer/replication-codec.js';
import type { PeerConnection } from './peer-connection.js';
import type { RequestHandler } from './peer-links.js';

import type { MoveRate } from './snapshot-pace.js';
import { type SnapshotSource, sendSnapshot } from './snapshot-sender.js';

/** A replica of this node, as other nodes reach it. */
export interface ReachableReplica {
  readonly codec: ReplicationCodec;
  readonly host: SnapshotSource & { handle(event: Event): void };
}

export class ReplicationServer implements RequestHandler {
  readonly #cluster: PeerCluster;
  readonly #rate: MoveRate;
  readonly #replicas = new Map<number, ReachableReplica>();
  /** The connection on which a message of each primary came last: its answers go back on that connection. */
  readonly #answerOn = new Map<ReplicaId, PeerConnection>();
  readonly #snapshotCalls = new Map<string, ReplyStream>();

  /** @param rate bounds the snapshots that this node sends. */
  constructor(cluster: PeerCluster, rate: MoveRate) {
    this.#cluster = cluster;
    this.#rate = rate;
  }

  /** From here on the replica is reached from other nodes. */
  add(replica: ReachableReplica): void {
    this.#replicas.set(replica.codec.shard, replica);
  }

  remove(replica: ReachableReplica): void {
    if (this.#replicas.get(replica.codec.shard) === replica) this.#replicas.delete(replica.codec.shard);
  }

  /** Drops the answer if the connection it belongs to is gone: the primary starts again with Sync. */
  answer(codec: ReplicationCodec, message: Message): void {
    this.#answerOn.get(message.to)?.send(codec, message);
  }

  onRequest(connection: PeerConnection, shard: number, message: Message & { readonly body: RequestBody }): void {
    const { from, to } = message;
    const replica = this.#replicaOf(shard, to);
    if (replica === undefined) {
      const codec = this.#replicas.get(shard)?.codec ?? new ReplicationCodec(this.#cluster, shard);
      return connection.send(codec, { ...message, from: to, to: from, body: { type: 'wrongReplica' } });
    }
    this.#answerOn.set(from, connection);
    replica.codec.whileReceived(message, () => replica.host.handle({ type: 'message', message }));
  }

  onConnectionOver(connection: PeerConnection): void {
    for (const [id, used] of this.#answerOn) if (used === connection) this.#answerOn.delete(id);
  }

  serveSnapshot(dump: Extract<Effect, { type: 'serveSnapshot' }>, { codec, host }: ReachableReplica): void {
    const call = this.#takeSnapshotCall(dump);
    if (call !== undefined) void sendSnapshot(call, dump, codec, host, this.#rate);
  }

  refuseSnapshot(dump: Extract<Effect, { type: 'refuseSnapshot' }>): void {
    this.#takeSnapshotCall(dump)?.fail(new KvError('INVALID_ARGUMENT', 'no snapshot is due to this replica'));
  }

  /** A joiner requests a snapshot. The core decides whether it is sent. @returns undefined: the request was refused. */
  requestSnapshot({ header, number }: Envelope, stream: FrameStream): ReplyStream | undefined {
    const replica = header && this.#replicaOf(header.shard, header.to);
    const reason = reasonToRefuse(this.#cluster, header);
    if (header === undefined || reason !== undefined || replica === undefined) {
      stream.fail(new KvError('INVALID_ARGUMENT', reason ?? 'a call meant for another replica'));
      return undefined;
    }
    const call = new ReplyStream(stream);
    this.#snapshotCalls.set(snapshotKey(header.from, number), call);
    replica.host.handle({ type: 'snapshotRequested', from: header.from, epochId: header.epochId, number });
    return call;
  }

  /** Ends the requests that the core has not judged. */
  close(): void {
    for (const call of this.#snapshotCalls.values()) call.end();
  }

  /** Undefined: the replica that is meant is not here. */
  #replicaOf(shard: number, to: ReplicaId): ReachableReplica | undefined {
    const replica = this.#replicas.get(shard);
    return replica?.host.replicaId === to ? replica : undefined;
  }

  #takeSnapshotCall(dump: { readonly to: ReplicaId; readonly number: number }): ReplyStream | undefined {
    const key = snapshotKey(dump.to, dump.number);
    const call = this.#snapshotCalls.get(key);
    this.#snapshotCalls.delete(key);
    return call;
  }
}

function snapshotKey(to: ReplicaId, number: number): string {
  return `${to} ${number}`;
}
