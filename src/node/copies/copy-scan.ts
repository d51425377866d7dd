/** One scan of a copy: answers digests of all buckets of its keys, or the records of some, at a pace that leaves the node to others. */
import { setTimeout as pause } from 'node:timers/promises';
import { crc32 } from '../../crc32.js';
import { KvError } from '../../errors.js';
import type { RecordView } from '../../storage/index.js';
import type { ReplyStream } from '../../transport/index.js';
import { BucketDigests, BucketSet, bucketOf } from '../../wire/copies/buckets.js';
import {
  type CheckedRecord,
  type ScanCopyRequest,
  type ScanCopyResponse,
  scanCopyResponseTable,
} from '../../wire/copies/copy-messages.js';
import type { SnapshotPace } from '../peers/snapshot-pace.js';
import { answered } from './answered.js';
import { type CheckedReplica, checkSameCopy, placeOf } from './checked-replica.js';

export interface CopyScanParts {
  readonly nodeId: string;
  readonly replica: CheckedReplica;
  readonly request: ScanCopyRequest;
  readonly reply: ReplyStream;
  /** The scan keeps to all of them. */
  readonly paces: readonly SnapshotPace[];
  /** How long it waits for a part of the copy. Undefined: see `answered`. */
  readonly waitMs: number | undefined;
}

/** Large enough to make the cost of a message small, small enough not to hold up the event loop. */
const sliceBytes = 64 * 1024;
/** Progress is reported after this many bytes, so that the client knows that the scan goes on. */
const progressBytes = 1024 * 1024;

export class CopyScan {
  readonly #parts: CopyScanParts;
  readonly #digests: BucketDigests | undefined;
  readonly #chosen: BucketSet;
  #records: CheckedRecord[] = [];
  /** Bytes of the scan since the last pause, and since the last message. */
  #sliceBytes = 0;
  #unreportedBytes = 0;
  #failure: KvError | undefined;

  constructor(parts: CopyScanParts) {
    this.#parts = parts;
    const { chosen, buckets } = parts.request;
    this.#chosen = new BucketSet(chosen);
    if (chosen.length === 0) this.#digests = new BucketDigests(buckets);
  }

  /** Resolves when the answer is sent or given up; never rejects. */
  async run(): Promise<void> {
    const { reply } = this.#parts;
    try {
      await this.#scan();
      if (this.#failure === undefined) reply.end();
    } catch (error) {
      if (!reply.isGone)
        reply.fail(error instanceof KvError ? error : new KvError('INTERNAL', 'the scan failed', { cause: error }));
    }
  }

  /** The node is closing. */
  giveUp(): void {
    this.#failure ??= new KvError('STOPPING', 'this node is stopping, so the scan has to begin again');
    this.#parts.reply.fail(this.#failure);
    this.#parts.reply.onClosed();
  }

  async #scan(): Promise<void> {
    const { nodeId, replica, paces, waitMs } = this.#parts;
    const place = placeOf(replica, nodeId);
    await this.#send({ place });
    const slices = eachOf(replica.storage.scan(sliceBytes, (record) => this.#add(record)));
    while ((await answered(slices.next(), nodeId, waitMs)).done !== true) {
      checkSameCopy(replica, place);
      const bytes = this.#sliceBytes;
      this.#sliceBytes = 0;
      this.#unreportedBytes += bytes;
      if (this.#records.length > 0 || this.#unreportedBytes >= progressBytes) await this.#report();
      const nowMs = performance.now();
      await pause(Math.max(...paces.map((pace) => pace.pauseMs(bytes, nowMs))));
      for (const pace of paces) pace.paused(performance.now());
    }
    checkSameCopy(replica, place);
    if (this.#digests !== undefined) await this.#sendDigests(this.#digests.toBytes());
    await this.#report(true);
  }

  #add({ memory, keyStart, keyEnd, valueStart, valueEnd, version, expiresAtMs }: RecordView): void {
    this.#sliceBytes += keyEnd - keyStart + valueEnd - valueStart;
    const { throughSeq, buckets } = this.#parts.request;
    if (version > throughSeq) return;
    const key = memory.subarray(keyStart, keyEnd);
    const value = memory.subarray(valueStart, valueEnd);
    if (this.#digests !== undefined) return this.#digests.add(key, value, version, expiresAtMs);
    if (!this.#chosen.has(bucketOf(crc32(key), buckets))) return;
    this.#records.push({ key: Buffer.from(key), version, expiresAtMs, valueBytes: value.length, valueCrc: crc32(value) });
  }

  async #report(done = false): Promise<void> {
    const records = this.#records;
    const scannedBytes = this.#unreportedBytes;
    this.#records = [];
    this.#unreportedBytes = 0;
    await this.#send({ scannedBytes, records, done });
  }

  async #sendDigests(digests: Buffer): Promise<void> {
    for (let start = 0; start < digests.length; start += sliceBytes)
      await this.#send({ digests: digests.subarray(start, start + sliceBytes) });
  }

  async #send(response: Partial<ScanCopyResponse>): Promise<void> {
    const { reply } = this.#parts;
    await reply.send(scanCopyResponseTable.encode(response));
    if (this.#failure !== undefined) throw this.#failure;
    if (reply.isGone) throw new KvError('CANCELLED', 'the client has gone');
  }
}

async function* eachOf(slices: AsyncIterable<void> | Iterable<void>): AsyncGenerator<void, void> {
  yield* slices;
}
