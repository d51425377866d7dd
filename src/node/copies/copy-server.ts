/** Serves kv.v1.Cluster/ScanCopy and ReadCopy: checks the requests, and bounds the calls that are under way. */
import { setTimeout as pause } from 'node:timers/promises';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { KvError } from '../../errors.js';
import { replyOverGrpc } from '../../transport/grpc/grpc-reply-stream.js';
import type { ReplyStream } from '../../transport/index.js';
import { mostBuckets } from '../../wire/copies/buckets.js';
import type { ReadCopyRequest, ReadCopyResponse, ScanCopyRequest } from '../../wire/copies/copy-messages.js';
import { MoveRate, SnapshotPace } from '../peers/snapshot-pace.js';
import { answered } from './answered.js';
import { type CheckedReplica, checkSameCopy, placeOf } from './checked-replica.js';
import { CopyScan } from './copy-scan.js';
import { compareWithLog, readKeys } from './read-copy.js';

export interface CopyServerParts {
  readonly nodeId: string;
  readonly shardCount: number;
  /** Bounds all scans together with the snapshots and dumps of the node. */
  readonly rate: MoveRate;
  /** How long a reading waits for the database. Default: see `answered`. */
  readonly waitMs?: number;
  /** Undefined: this node holds no replica of the shard. */
  replicaAt(shard: number): CheckedReplica | undefined;
}

/** Limits the scans, and the readings, that are under way at the same time: each takes a part of every turn. */
const maxCalls = 8;
const maxKeys = 1_000;
const maxNewestWrites = 100_000;
/** A replica that is behind has this long to apply what the caller has seen elsewhere. */
const catchUpMs = 1_000;
const lookAgainMs = 10;

export class CopyServer {
  readonly #parts: CopyServerParts;
  readonly #scans = new Set<CopyScan>();
  #readings = 0;

  constructor(parts: CopyServerParts) {
    this.#parts = parts;
  }

  /** The answer, or the refusal, goes to `reply`. */
  scan(request: ScanCopyRequest, reply: ReplyStream): void {
    try {
      this.#beginScan(request, reply);
    } catch (error) {
      reply.fail(error instanceof KvError ? error : new KvError('INTERNAL', 'the scan failed', { cause: error }));
    }
  }

  scanOverGrpc(call: ServerWritableStream<ScanCopyRequest, Buffer>): void {
    this.scan(call.request, replyOverGrpc(call));
  }

  /** @throws KvError as kv.proto says */
  async read({ shard, keys, minSeq, newestWrites }: ReadCopyRequest): Promise<ReadCopyResponse> {
    const replica = this.#replicaAt(shard);
    if (keys.length > maxKeys)
      throw new KvError('INVALID_ARGUMENT', `at most ${maxKeys} keys are read at once, not ${keys.length}`);
    if (newestWrites > maxNewestWrites)
      throw new KvError('INVALID_ARGUMENT', `at most ${maxNewestWrites} writes are compared, not ${newestWrites}`);
    if (this.#readings >= maxCalls) throw new KvError('OVERLOADED', `${maxCalls} readings of copies are under way already`);
    this.#readings += 1;
    try {
      await caughtUp(replica, minSeq);
      const place = placeOf(replica, this.#parts.nodeId);
      const { nodeId, waitMs } = this.#parts;
      const inTime = <Result>(reading: Promise<Result>): Promise<Result> => answered(reading, nodeId, waitMs);
      const { compared, differing } = newestWrites === 0 ? noneCompared : await compareWithLog(replica, newestWrites, inTime);
      const records = keys.length === 0 ? differing : await inTime(readKeys(replica, keys));
      checkSameCopy(replica, place);
      return { place, records, compared };
    } finally {
      this.#readings -= 1;
    }
  }

  /** Ends the scans, which would keep the ports from closing. */
  close(): void {
    for (const scan of this.#scans) scan.giveUp();
  }

  #beginScan(request: ScanCopyRequest, reply: ReplyStream): void {
    const { nodeId, rate, waitMs } = this.#parts;
    const { shard, buckets, chosen, maxBytesPerSecond } = request;
    const replica = this.#replicaAt(shard);
    const isPowerOfTwo = buckets > 0 && buckets <= mostBuckets && (buckets & (buckets - 1)) === 0;
    if (!isPowerOfTwo)
      throw new KvError('INVALID_ARGUMENT', `buckets must be a power of two, at most ${mostBuckets}, not ${buckets}`);
    if (chosen.length !== 0 && chosen.length !== Math.ceil(buckets / 8))
      throw new KvError('INVALID_ARGUMENT', `chosen must have a bit for each of ${buckets} buckets, not ${chosen.length} bytes`);
    if (this.#scans.size >= maxCalls) throw new KvError('OVERLOADED', `${maxCalls} scans of copies are under way already`);
    const rates = maxBytesPerSecond > 0 ? [rate, new MoveRate(maxBytesPerSecond)] : [rate];
    const paces = rates.map((limit) => new SnapshotPace(limit, performance.now()));
    const scan = new CopyScan({ nodeId, replica, request, reply, paces, waitMs });
    this.#scans.add(scan);
    void scan.run().then(() => this.#scans.delete(scan));
  }

  #replicaAt(shard: number): CheckedReplica {
    const { shardCount, replicaAt } = this.#parts;
    if (shard >= shardCount) throw new KvError('INVALID_ARGUMENT', `there is no shard ${shard}`);
    const replica = replicaAt(shard);
    if (replica === undefined) throw new KvError('NOT_PRIMARY', `this node holds no replica of shard ${shard}`);
    return replica;
  }
}

const noneCompared = { compared: 0, differing: [] };

async function caughtUp(replica: CheckedReplica, minSeq: number): Promise<void> {
  const endMs = performance.now() + catchUpMs;
  while ((replica.copy?.seq ?? minSeq) < minSeq && performance.now() < endMs) await pause(lookAgainMs);
}
