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

const lastAscii = 0x7f;
/** The most bytes in UTF-8 of a unit of a string. */
const utf8BytesOfUnit = 3;

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
    let mostBytes = 0;
    for (const record of records) mostBytes += frameBytesOf(record, utf8BytesOfUnit * record.key.length);
    const bytes = Buffer.allocUnsafe(mostBytes);
    let at = 0;
    for (const record of records) at = writeRecord(bytes, at, record);
    return this.#hashed(bytes.subarray(0, at));
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

function headBytesOf({ ttlMs }: DumpRecord): number {
  return recordHeadBytes + (ttlMs === undefined ? 0 : ttlBytes);
}

function frameBytesOf(record: DumpRecord, keyBytes: number): number {
  return lengthBytes + headBytesOf(record) + keyBytes + record.value.length + checkBytes;
}

/** @returns the end of the frame. A view of each part, or a BigInt for each number, would cost as much as everything else. */
function writeRecord(bytes: Buffer, frameStart: number, record: DumpRecord): number {
  const { key, value, version, ttlMs } = record;
  const start = frameStart + lengthBytes;
  const keyStart = start + headBytesOf(record);
  const keyBytes = writeKey(bytes, key, keyStart);
  const end = keyStart + keyBytes + value.length;
  bytes.writeUInt32BE(end - start, frameStart);
  bytes[start] = ttlMs === undefined ? kinds.record : kinds.recordWithTtl;
  writeUInt64(bytes, version, start + 1);
  bytes.writeUInt16BE(keyBytes, start + 9);
  if (ttlMs !== undefined) writeUInt64(bytes, ttlMs, start + recordHeadBytes);
  bytes.set(value, keyStart + keyBytes);
  bytes.writeUInt32BE(crc32(new Uint8Array(bytes.buffer, bytes.byteOffset + frameStart, end - frameStart)), end);
  return end + checkBytes;
}

/** @returns its bytes. The usual keys are ASCII, and short: a call of Buffer costs more than the loop. */
function writeKey(bytes: Buffer, key: string, start: number): number {
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at);
    if (code > lastAscii) return bytes.write(key, start, 'utf8');
    bytes[start + at] = code;
  }
  return key.length;
}

function writeUInt64(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  bytes.writeUInt32BE(value % 2 ** 32, at + 4);
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
