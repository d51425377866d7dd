/** Encodes a dump: header, each shard with its records, end. The caller writes the returned bytes in this order. */
import { createHash } from 'node:crypto';
import { crc32 } from '../crc32.js';
import {
  checkBytes,
  type DumpedShard,
  type DumpHeader,
  type DumpRecord,
  endBytes,
  kinds,
  lengthBytes,
  recordHeadBytes,
  signature,
  ttlBytes,
} from './format.js';

export class DumpEncoder {
  readonly #hash = createHash('sha256');
  #records = 0;

  get records(): number {
    return this.#records;
  }

  /** Must be called first, and once. */
  header(header: DumpHeader): Buffer {
    return this.#hashed(Buffer.concat([signature, jsonFrame(kinds.header, header)]));
  }

  /** The records that follow are of this shard. Once for each shard. */
  shard(shard: DumpedShard): Buffer {
    return this.#hashed(jsonFrame(kinds.shard, shard));
  }

  encode(records: readonly DumpRecord[]): Buffer {
    this.#records += records.length;
    const sizes = records.map(sizeOf);
    const bytes = Buffer.allocUnsafe(sizes.reduce((sum, { frameBytes }) => sum + frameBytes, 0));
    let at = 0;
    for (const [index, record] of records.entries()) {
      const size = sizes[index]!;
      writeRecord(bytes.subarray(at, at + size.frameBytes), record, size);
      at += size.frameBytes;
    }
    return this.#hashed(bytes);
  }

  /** Must be called last, and once. */
  end(): Buffer {
    const frame = newFrame(endBytes);
    const body = bodyOf(frame);
    body[0] = kinds.end;
    body.writeBigUInt64BE(BigInt(this.#records), 1);
    this.#hash.digest().copy(body, 9);
    return seal(frame);
  }

  #hashed(bytes: Buffer): Buffer {
    this.#hash.update(bytes);
    return bytes;
  }
}

interface RecordSize {
  readonly keyBytes: number;
  readonly headBytes: number;
  readonly frameBytes: number;
}

function sizeOf({ key, value, ttlMs }: DumpRecord): RecordSize {
  const keyBytes = Buffer.byteLength(key);
  const headBytes = recordHeadBytes + (ttlMs === undefined ? 0 : ttlBytes);
  return { keyBytes, headBytes, frameBytes: lengthBytes + headBytes + keyBytes + value.length + checkBytes };
}

function writeRecord(frame: Buffer, { key, value, version, ttlMs }: DumpRecord, { keyBytes, headBytes }: RecordSize): void {
  const body = bodyOf(frame);
  body[0] = ttlMs === undefined ? kinds.record : kinds.recordWithTtl;
  body.writeBigUInt64BE(BigInt(version), 1);
  body.writeUInt16BE(keyBytes, 9);
  if (ttlMs !== undefined) body.writeBigUInt64BE(BigInt(ttlMs), recordHeadBytes);
  body.write(key, headBytes, 'utf8');
  body.set(value, headBytes + keyBytes);
  seal(frame);
}

function jsonFrame(kind: number, value: object): Buffer {
  const text = Buffer.from(JSON.stringify(value));
  const frame = newFrame(1 + text.length);
  const body = bodyOf(frame);
  body[0] = kind;
  text.copy(body, 1);
  return seal(frame);
}

function newFrame(bodyBytes: number): Buffer {
  return Buffer.alloc(lengthBytes + bodyBytes + checkBytes);
}

function bodyOf(frame: Buffer): Buffer {
  return frame.subarray(lengthBytes, frame.length - checkBytes);
}

/** Writes what stands before and after the body. */
function seal(frame: Buffer): Buffer {
  const checkStart = frame.length - checkBytes;
  frame.writeUInt32BE(checkStart - lengthBytes, 0);
  frame.writeUInt32BE(crc32(frame.subarray(0, checkStart)), checkStart);
  return frame;
}
