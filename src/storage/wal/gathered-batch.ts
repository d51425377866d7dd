/** The batch that gathers records while the one before it is written. */
import { batchHeadBytes, batchTailBytes } from './batch-format.js';
import { loggedBytes, loggedHeadBytes, writeRecordHead } from './record-format.js';

const initialBytes = 256 * 1024;

/** The bytes of a record, in pieces that follow each other. */
export type Payload = readonly Uint8Array[];

/** What is appended: type and shard, id and payload of a record. */
export interface NewRecord {
  readonly typeAndShard: number;
  readonly id: readonly [number, number];
  readonly end: number | undefined;
  readonly payload: Payload;
  readonly payloadBytes: number;
}

export class GatheredBatch {
  /** From 1, without a gap, through all segments. */
  readonly number: number;
  readonly segment: number;
  /** Where the batch begins in its segment. */
  readonly position: number;
  /** The batch must be flushed before its records count as kept. */
  mustFlush = false;
  /** A flush of the batch is due at the interval of the log. Without it, the batch is flushed together with a later one. */
  wantsFlush = false;
  #memory: ArrayBuffer;
  #bytes: Buffer;
  #view: DataView;
  #end = batchHeadBytes;
  #kept: Promise<void> | undefined;
  #resolve: (() => void) | undefined;

  /** @param memory of a batch that was written, to be used again */
  constructor(number: number, segment: number, position: number, memory = new ArrayBuffer(initialBytes)) {
    this.number = number;
    this.segment = segment;
    this.position = position;
    this.#memory = memory;
    this.#bytes = Buffer.from(memory);
    this.#view = new DataView(memory);
  }

  /** Length of the whole batch. */
  get bytes(): number {
    return this.#end + batchTailBytes;
  }
  get memory(): ArrayBuffer {
    return this.#memory;
  }

  /** Resolves once the records are kept as the mode of the log says. */
  get kept(): Promise<void> {
    this.#kept ??= new Promise((resolve) => {
      this.#resolve = resolve;
    });
    return this.#kept;
  }

  markKept(): void {
    this.#resolve?.();
  }

  /** Copies the payload. */
  add(record: NewRecord): void {
    const { payload, payloadBytes } = record;
    const at = this.#end;
    const end = at + loggedBytes(payloadBytes);
    if (end + batchTailBytes > this.#memory.byteLength) this.#grow(end + batchTailBytes);
    writeRecordHead(this.#view, at, payloadBytes, record.typeAndShard, record.id, record.end);
    let filled = at + loggedHeadBytes;
    for (const piece of payload) {
      this.#bytes.set(piece, filled);
      filled += piece.length;
    }
    for (; filled < end; filled++) this.#bytes[filled] = 0;
    this.#end = end;
  }

  #grow(needed: number): void {
    const grown = new ArrayBuffer(Math.max(needed, 2 * this.#memory.byteLength));
    const bytes = Buffer.from(grown);
    bytes.set(this.#bytes.subarray(0, this.#end));
    this.#memory = grown;
    this.#bytes = bytes;
    this.#view = new DataView(grown);
  }
}
