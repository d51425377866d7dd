/**
 * The record of a row: a byte of flags, a checksum (4 bytes), the version (8 bytes), the time at which it expires if it does (8 bytes),
 * and the value. Both numbers are doubles: they are whole numbers below 2^53. The checksum is the CRC-32 of all but the key and
 * itself: LMDB has none, and would return a damaged value as if it were right.
 */
import { crc32 } from '../../crc32.js';
import type { StoredHead, StoredValue } from '../storage.js';

const expiresFlag = 1;
const checkedStart = 5;
const expiryStart = 13;
const shortHeadBytes = 13;
const longHeadBytes = 21;

export function storedBytes(expiresAtMs: number | undefined, valueBytes: number): number {
  return (expiresAtMs === undefined ? shortHeadBytes : longHeadBytes) + valueBytes;
}

/** @returns where it ends. */
export function writeStoredRow(target: Buffer, at: number, { version, expiresAtMs }: StoredHead, value: Uint8Array): number {
  target[at] = expiresAtMs === undefined ? 0 : expiresFlag;
  target.writeDoubleLE(version, at + checkedStart);
  if (expiresAtMs !== undefined) target.writeDoubleLE(expiresAtMs, at + expiryStart);
  const valueStart = at + storedBytes(expiresAtMs, 0);
  target.set(value, valueStart);
  return valueStart + value.length;
}

/** Writes the checksum, when the rest is there. */
export function seal(stored: Buffer): void {
  stored.writeUInt32LE(checksumOf(stored, stored.length), 1);
}

/** Reads version and deadline without checking the checksum. */
export function readStoredHead(stored: Buffer): StoredHead {
  const expiresAtMs = stored[0] === expiresFlag ? stored.readDoubleLE(expiryStart) : undefined;
  return { version: stored.readDoubleLE(checkedStart), expiresAtMs };
}

export function storedValueBytes(storedLength: number, expiresAtMs: number | undefined): number {
  return storedLength - storedBytes(expiresAtMs, 0);
}

/** @param end where the record ends in `stored`, which may be longer. @param shard for the message. @throws Error if the record is damaged */
export function readCheckedHead(stored: Buffer, end: number, shard: number): StoredHead {
  const isRecord = end >= shortHeadBytes && (stored[0] === 0 || (stored[0] === expiresFlag && end >= longHeadBytes));
  if (!isRecord || stored.readUInt32LE(1) !== checksumOf(stored, end))
    throw new Error(`the checksum of a value of shard ${shard} does not match`);
  return readStoredHead(stored);
}

/** The value is a copy. See `readCheckedHead`. */
export function readStoredValue(stored: Buffer, end: number, shard: number): StoredValue {
  const { version, expiresAtMs } = readCheckedHead(stored, end, shard);
  const start = storedBytes(expiresAtMs, 0);
  const value = Buffer.allocUnsafe(end - start);
  stored.copy(value, 0, start, end);
  return { value, version, expiresAtMs };
}

function checksumOf(stored: Buffer, end: number): number {
  return crc32(stored.subarray(checkedStart, end), stored[0]);
}
