/**
 * Batches that are not written yet: the one that gathers records, and those that are full. It decides where each batch goes, so
 * the segment of a record is known when the record is appended.
 */
import { batchHeadBytes, batchStart, batchTailBytes } from './batch-format.js';
import { GatheredBatch, type NewRecord } from './gathered-batch.js';
import { loggedBytes } from './record-format.js';
import { segmentHeaderBytes } from './segment-header.js';

/** A batch that has reached this size takes no more records, which bounds the memory of a batch and the time of one write. */
const maxBatchBytes = 4 * 1024 * 1024;

/** Larger memory of written batches is given up, because few batches need it. */
const maxKeptBytes = 1024 * 1024;

/** Where the log ends. */
export interface LogEnd {
  readonly segment: number;
  readonly segmentBytes: number;
  /** Where in the segment the next batch may begin. */
  readonly position: number;
  /** The number of the next batch. */
  readonly nextBatch: number;
}

export class BatchQueue {
  /** Of segments that begin from now on. */
  readonly #newSegmentBytes: number;
  readonly #writeCheckpoint: () => void;
  #segment: number;
  #segmentBytes: number;
  /** Where in the segment the batch after the gathering one may begin, without that one. */
  #position: number;
  #nextBatch: number;
  #gathering: GatheredBatch | undefined;
  /** The gathering batch must not become larger. */
  #limit = 0;
  #full: GatheredBatch[] = [];
  #spare: ArrayBuffer | undefined;

  /** @param writeCheckpoint adds the records with which a segment begins; called within `add` */
  constructor(end: LogEnd, segmentBytes: number, writeCheckpoint: () => void) {
    this.#newSegmentBytes = segmentBytes;
    this.#writeCheckpoint = writeCheckpoint;
    this.#segment = end.segment;
    this.#segmentBytes = end.segmentBytes;
    this.#position = end.position;
    this.#nextBatch = end.nextBatch;
  }

  /** The segment of the newest record. */
  get segment(): number {
    return this.#segment;
  }
  /** Bytes of that segment that are used. */
  get usedBytes(): number {
    return this.#gathering === undefined ? this.#position : this.#gathering.position + this.#gathering.bytes;
  }
  get segmentBytes(): number {
    return this.#segmentBytes;
  }
  /** The number of the newest batch that has records. */
  get newestBatch(): number {
    return this.#nextBatch - 1;
  }

  /** Copies the record into the gathering batch. @throws RangeError if the record is too large for a segment */
  add(record: NewRecord): GatheredBatch {
    const bytes = loggedBytes(record.payloadBytes);
    let batch = this.#gathering;
    if (batch === undefined || batch.bytes + bytes > this.#limit) batch = this.#begin(bytes);
    batch.add(record);
    return batch;
  }

  /** The next batch to write. It takes no more records. */
  take(): GatheredBatch | undefined {
    if (this.#full.length === 0) this.#close();
    return this.#full.shift();
  }

  /** The memory of a batch that is written. */
  recycle(memory: ArrayBuffer): void {
    if (memory.byteLength <= maxKeptBytes) this.#spare = memory;
  }

  #begin(bytes: number): GatheredBatch {
    const mostBytes = maxRecordBytes(this.#newSegmentBytes);
    if (bytes > mostBytes) throw new RangeError(`a record of ${bytes} bytes does not fit into the log: at most ${mostBytes} do`);
    this.#close();
    const start = batchStart(this.#position);
    const needed = batchHeadBytes + bytes + batchTailBytes;
    const batch = start + needed > this.#segmentBytes ? this.#beginSegment() : this.#beginBatch(start);
    this.#limit = Math.min(Math.max(maxBatchBytes, batch.bytes + bytes), this.#segmentBytes - batch.position);
    return batch;
  }

  #beginSegment(): GatheredBatch {
    this.#segment++;
    this.#segmentBytes = this.#newSegmentBytes;
    const batch = this.#beginBatch(segmentHeaderBytes);
    this.#limit = Number.POSITIVE_INFINITY;
    this.#writeCheckpoint();
    if (batch.bytes > this.#segmentBytes / 2) {
      throw new Error(`the metadata of all replicas takes ${batch.bytes} bytes, more than half of a segment of the log`);
    }
    return batch;
  }

  #beginBatch(position: number): GatheredBatch {
    const batch = new GatheredBatch(this.#nextBatch++, this.#segment, position, this.#spare);
    this.#spare = undefined;
    this.#gathering = batch;
    return batch;
  }

  #close(): void {
    const batch = this.#gathering;
    if (batch === undefined) return;
    this.#gathering = undefined;
    this.#position = batch.position + batch.bytes;
    this.#full.push(batch);
  }
}

/** The largest record with its head: it fits into a segment after the largest checkpoint. */
export function maxRecordBytes(segmentBytes: number): number {
  return Math.floor(segmentBytes / 4);
}
