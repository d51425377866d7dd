/** Encodes a dump: header, records, end. The caller writes the returned bytes in this order. */
import { createHash } from 'node:crypto';
import { crc32 } from '../crc32.js';
import {
  checkBytes,
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
    const text = Buffer.from(JSON.stringify(header));
    const { frame, body } = newFrame(1 + text.length);
    body[0] = kinds.header;
    text.copy(body, 1);
    return this.#hashed(Buffer.concat([signature, sealed(frame)]));
  }

  encode(records: readonly DumpRecord[]): Buffer {
    this.#records += records.length;
    return this.#hashed(Buffer.concat(records.map(encodeRecord)));
  }

  /** Must be called last, and once. */
  end(): Buffer {
    const { frame, body } = newFrame(endBytes);
    body[0] = kinds.end;
    body.writeBigUInt64BE(BigInt(this.#records), 1);
    this.#hash.digest().copy(body, 9);
    return sealed(frame);
  }

  #hashed(bytes: Buffer): Buffer {
    this.#hash.update(bytes);
    return bytes;
  }
}

function encodeRecord({ key, value, version, ttlMs }: DumpRecord): Buffer {
  const keyBytes = Buffer.byteLength(key);
  const headBytes = recordHeadBytes + (ttlMs === undefined ? 0 : ttlBytes);
  const { frame, body } = newFrame(headBytes + keyBytes + value.length);
  body[0] = ttlMs === undefined ? kinds.record : kinds.recordWithTtl;
  body.writeBigUInt64BE(BigInt(version), 1);
  body.writeUInt16BE(keyBytes, 9);
  if (ttlMs !== undefined) body.writeBigUInt64BE(BigInt(ttlMs), recordHeadBytes);
  body.write(key, headBytes, 'utf8');
  value.copy(body, headBytes + keyBytes);
  return sealed(frame);
}

function newFrame(bodyBytes: number): { frame: Buffer; body: Buffer } {
  const frame = Buffer.alloc(lengthBytes + bodyBytes + checkBytes);
  frame.writeUInt32BE(bodyBytes, 0);
  return { frame, body: frame.subarray(lengthBytes, lengthBytes + bodyBytes) };
}

function sealed(frame: Buffer): Buffer {
  const checkStart = frame.length - checkBytes;
  frame.writeUInt32BE(crc32(frame.subarray(0, checkStart)), checkStart);
  return frame;
}
