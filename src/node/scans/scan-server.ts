/** Serves kv.v1.KeyValue/Scan: checks the request, finds the replica, and bounds the scans that are under way. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import { KvError } from '../../errors.js';
import { replyOverGrpc } from '../../transport/grpc/grpc-reply-stream.js';
import type { ReplyStream } from '../../transport/index.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';
import { type ScanRequest, scanRequestTable } from '../../wire/scan/scan-messages.js';
import { notHeld, PrimaryElsewhere } from '../operations/primary-elsewhere.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import type { ScannedReplica } from './read-page.js';
import { ScanMemory } from './scan-memory.js';
import { boundsOf } from './scan-range.js';
import { ShardScan } from './shard-scan.js';

/** Counts scans. `failure` undefined: the scan ended without an error. */
export interface ScanCounts {
  scan(failure: KvError['code'] | undefined): void;
  page(keys: number): void;
}

export interface ScanServerParts {
  readonly nodeId: string;
  readonly directory: ShardDirectory;
  /** Limits the bytes that all scans together have sent and that their clients have not read. */
  readonly maxHeldBytes: number;
  readonly counts: ScanCounts;
  /** Undefined: this node holds no replica of the shard. */
  replicaAt(shard: number): ScannedReplica | undefined;
}

/** Limits the scans that are under way at the same time: a client of all shards has one for each of them. */
const maxScans = 512;
const maxPageKeys = 10_000;
const defaultPageKeys = 1_000;
const maxPageBytes = 1024 * 1024;
const defaultPageBytes = 256 * 1024;

export class ScanServer {
  readonly #parts: ScanServerParts;
  readonly #elsewhere: PrimaryElsewhere;
  readonly #memory: ScanMemory;
  readonly #scans = new Set<ShardScan>();

  constructor(parts: ScanServerParts) {
    this.#parts = parts;
    this.#elsewhere = new PrimaryElsewhere(parts.directory);
    this.#memory = new ScanMemory(parts.maxHeldBytes);
  }

  /** The number of scans that are under way. */
  get count(): number {
    return this.#scans.size;
  }

  /** The pages, or the refusal, go to `reply`. */
  serve(request: ScanRequest, reply: ReplyStream): void {
    try {
      this.#begin(request, reply);
    } catch (error) {
      const refusal = error instanceof KvError ? error : new KvError('INTERNAL', 'the scan failed', { cause: error });
      this.#parts.counts.scan(refusal.code);
      reply.fail(refusal);
    }
  }

  serveOverGrpc(call: ServerWritableStream<Buffer, Buffer>): void {
    const reply = replyOverGrpc(call);
    try {
      this.serve(scanRequestTable.decode(call.request), reply);
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      reply.fail(new KvError('INVALID_ARGUMENT', `the request of a scan cannot be read: ${error.message}`));
    }
  }

  /** Ends the scans, which would keep the ports from closing. */
  close(): void {
    for (const scan of this.#scans) scan.giveUp();
  }

  #begin(request: ScanRequest, reply: ReplyStream): void {
    const { nodeId, directory, counts } = this.#parts;
    const { shard, maxPageKeys: pageKeys, maxPageBytes: pageBytes } = request;
    if (shard >= directory.shardCount) throw new KvError('INVALID_ARGUMENT', `there is no shard ${shard}`);
    if (pageKeys > maxPageKeys) throw new KvError('INVALID_ARGUMENT', `a page has at most ${maxPageKeys} keys, not ${pageKeys}`);
    const range = boundsOf(request);
    this.#replica(shard);
    if (this.#scans.size >= maxScans) throw new KvError('OVERLOADED', `${maxScans} scans are under way already`);
    if (this.#memory.isFull) throw new KvError('OVERLOADED', 'the clients of other scans have not read their pages yet');
    const scan = new ShardScan({
      nodeId,
      request,
      range,
      bounds: {
        maxKeys: pageKeys || defaultPageKeys,
        maxBytes: Math.min(maxPageBytes, pageBytes || defaultPageBytes),
      },
      reply,
      memory: this.#memory,
      replica: () => this.#replica(shard),
      onPage: (keys) => counts.page(keys),
      refusalOf: (error) => this.#refusalOf(shard, error),
    });
    this.#scans.add(scan);
    void scan.run().then((failure) => {
      this.#scans.delete(scan);
      counts.scan(failure?.code);
    });
  }

  #refusalOf(shard: number, error: KvError): KvError {
    return error.code === 'NOT_PRIMARY' ? this.#elsewhere.refusal(shard, error) : error;
  }

  /** @throws KvError NOT_PRIMARY */
  #replica(shard: number): ScannedReplica {
    const replica = this.#parts.replicaAt(shard);
    if (replica === undefined) throw this.#elsewhere.refusal(shard, notHeld(shard));
    return replica;
  }
}
