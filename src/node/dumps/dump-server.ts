/** Serves kv.v1.Cluster/DumpShard: checks the request, and bounds the dumps that are under way. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import { KvError } from '../../errors.js';
import { replyOverGrpc } from '../../transport/grpc/grpc-reply-stream.js';
import type { ReplyStream } from '../../transport/index.js';
import type { DumpShardRequest } from '../../wire/dump/dump-parts.js';
import { MoveRate, SnapshotPace } from '../peers/snapshot-pace.js';
import { DumpBacklog } from './dump-backlog.js';
import { type DumpedReplica, ShardDump } from './shard-dump.js';

export interface DumpServerParts {
  readonly nodeId: string;
  readonly shardCount: number;
  /** Bounds the scans of all dumps together with the snapshots of the node. */
  readonly rate: MoveRate;
  /** The most that all dumps may hold back because their clients do not read it. */
  readonly maxHeldBytes: number;
  /** Undefined: this node holds no replica of the shard. */
  replicaAt(shard: number): DumpSource | undefined;
}

interface DumpSource {
  readonly host: DumpedReplica;
  readonly local: { refusalOfRead(nowMs: number): KvError | undefined };
}

/** Limits the dumps that are made at the same time: each takes a part of every turn. */
const maxDumps = 8;

export class DumpServer {
  readonly #parts: DumpServerParts;
  readonly #backlog: DumpBacklog;
  readonly #dumps = new Set<ShardDump>();

  constructor(parts: DumpServerParts) {
    this.#parts = parts;
    this.#backlog = new DumpBacklog(parts.maxHeldBytes);
  }

  /** The number of dumps that are under way. */
  get count(): number {
    return this.#dumps.size;
  }

  /** The answer, or the refusal, goes to `reply`. */
  serve(request: DumpShardRequest, reply: ReplyStream): void {
    try {
      this.#begin(request, reply);
    } catch (error) {
      reply.fail(error instanceof KvError ? error : new KvError('INTERNAL', 'the dump failed', { cause: error }));
    }
  }

  serveOverGrpc(call: ServerWritableStream<DumpShardRequest, Buffer>): void {
    this.serve(call.request, replyOverGrpc(call));
  }

  /** Ends the dumps, which would keep the ports from closing. */
  close(): void {
    for (const dump of this.#dumps) dump.giveUp();
  }

  #begin({ shard, maxBytesPerSecond }: DumpShardRequest, reply: ReplyStream): void {
    const { nodeId, shardCount, rate, replicaAt } = this.#parts;
    if (shard >= shardCount) throw new KvError('INVALID_ARGUMENT', `there is no shard ${shard}`);
    const replica = replicaAt(shard);
    if (replica === undefined) throw new KvError('NOT_PRIMARY', `this node holds no replica of shard ${shard}`);
    const nowMs = performance.now();
    const refusal = replica.local.refusalOfRead(nowMs);
    if (refusal !== undefined) throw refusal;
    if (this.#dumps.size >= maxDumps) throw new KvError('OVERLOADED', `${maxDumps} dumps are being made already`);
    const rates = maxBytesPerSecond > 0 ? [rate, new MoveRate(maxBytesPerSecond)] : [rate];
    const paces = rates.map((limit) => new SnapshotPace(limit, nowMs));
    const dump = new ShardDump({ nodeId, replica: replica.host, reply, paces, backlog: this.#backlog });
    this.#dumps.add(dump);
    void dump.run().then(() => this.#dumps.delete(dump));
  }
}
