/**
 * Format of a batch: the records that one write brings to the log.
 *
 *   head, 32 bytes: magic | bytes of the records | number (float64) | unflushed | zero pieces | 0 | CRC-32 of the head
 *   records, each a whole number of 8 bytes (record-format.ts)
 *   tail, 8 bytes: CRC-32 of the records | magic of the end
 *
 * Numbers are little-endian and have 32 bits, but for that of the batch. Batches are numbered without a gap through all segments.
 * Both CRCs begin with the salt of the segment, so bytes of another segment in a value are no batch. `unflushed` is the number
 * of batches directly before this one that were not known to be flushed when this one was written.
 *
 * A device writes whole sectors, so a loss of power leaves in each sector either all new bytes or none. A segment is zero before
 * it is written. So a batch that was not written as a whole has a *piece* (its part of a sector) that is zero and was not zero as
 * written. The head counts the pieces that were, and lies within one sector, so it is there as a whole or not at all. If no piece
 * is missing, the batch was written as a whole, and an error in it is damage. Only a piece that has a single bit, and loses this
 * bit, looks like a missing one.
 */
import { crc32 } from '../../crc32.js';

/** The smallest unit that a device writes as a whole. */
export const sectorBytes = 512;
export const batchHeadBytes = 32;
export const batchTailBytes = 8;

const headMagic = 0x6b76_4c42;
const tailMagic = 0x6b76_4c45;
const headCrcAt = 28;

/** Where the batch that follows one that ends at `position` begins: its head does not cross the end of a sector. */
export function batchStart(position: number): number {
  const left = sectorBytes - (position % sectorBytes);
  return left < batchHeadBytes ? position + left : position;
}

/** What the head of a batch says beside its length. */
export interface BatchNumbers {
  readonly number: number;
  readonly unflushed: number;
  readonly salt: number;
}

/**
 * Writes head and tail around the records of a batch.
 *
 * @param batch the whole batch, at the beginning of its memory; the records are in it already
 * @param position of the batch in its segment
 */
export function sealBatch(batch: Buffer, position: number, { number, unflushed, salt }: BatchNumbers): void {
  const tailAt = batch.length - batchTailBytes;
  batch.writeUInt32LE(headMagic, 0);
  batch.writeUInt32LE(tailAt - batchHeadBytes, 4);
  batch.writeDoubleLE(number, 8);
  batch.writeUInt32LE(unflushed, 16);
  batch.writeUInt32LE(0, 24);
  batch.writeUInt32LE(crc32(batch.subarray(batchHeadBytes, tailAt), salt), tailAt);
  batch.writeUInt32LE(tailMagic, tailAt + 4);
  // Head and tail are not zero, so neither the first nor the last piece is.
  batch.writeUInt32LE(zeroPieces(batch, position), 20);
  batch.writeUInt32LE(crc32(batch.subarray(0, headCrcAt), salt), headCrcAt);
}

/** The number of pieces of a batch at this position that are zero. */
function zeroPieces(batch: Uint8Array, position: number): number {
  const words = new Int32Array(batch.buffer, batch.byteOffset, batch.length >>> 2);
  let zero = 0;
  let pieceEnd = (sectorBytes - (position % sectorBytes)) >>> 2;
  for (let at = 0; at < words.length; pieceEnd += sectorBytes >>> 2) {
    const end = Math.min(pieceEnd, words.length);
    let from = at;
    while (from < end && words[from] === 0) from++;
    if (from === end) zero++;
    at = end;
  }
  return zero;
}

/** What is at a position of a segment where a batch may begin. Positions count from the beginning of the segment. */
export type FoundBatch =
  | {
      readonly kind: 'valid';
      readonly number: number;
      readonly unflushed: number;
      readonly recordsStart: number;
      readonly recordsEnd: number;
      readonly end: number;
    }
  /** The head is zero: there is no batch, or its head was not written. */
  | { readonly kind: 'blank' }
  /** The head is that of a batch, and at least one of its pieces was not written. */
  | { readonly kind: 'incomplete' }
  /** A batch was written as a whole here, and its bytes have changed since. */
  | { readonly kind: 'changed' };

/** @param segment its bytes, at the beginning of their memory or at a whole number of 8 bytes */
export function findBatch(segment: Buffer, position: number, salt: number): FoundBatch {
  const headEnd = position + batchHeadBytes;
  if (headEnd > segment.length || isZero(segment, position, headEnd)) return { kind: 'blank' };
  const isHead =
    segment.readUInt32LE(position) === headMagic &&
    segment.readUInt32LE(position + headCrcAt) === crc32(segment.subarray(position, position + headCrcAt), salt);
  const recordsEnd = headEnd + segment.readUInt32LE(position + 4);
  const end = recordsEnd + batchTailBytes;
  if (!isHead || end > segment.length) return { kind: 'changed' };
  if (
    segment.readUInt32LE(recordsEnd) === crc32(segment.subarray(headEnd, recordsEnd), salt) &&
    segment.readUInt32LE(recordsEnd + 4) === tailMagic
  ) {
    const number = segment.readDoubleLE(position + 8);
    return { kind: 'valid', number, unflushed: segment.readUInt32LE(position + 16), recordsStart: headEnd, recordsEnd, end };
  }
  const missing = zeroPieces(segment.subarray(position, end), position) - segment.readUInt32LE(position + 20);
  return { kind: missing > 0 ? 'incomplete' : 'changed' };
}

const magicBytes = Buffer.alloc(4);
magicBytes.writeUInt32LE(headMagic);

/** Valid batches that begin anywhere at or after a position, even if nothing is valid between them. */
export function* batchesFrom(segment: Buffer, position: number, salt: number): Iterable<FoundBatch & { kind: 'valid' }> {
  for (let at = segment.indexOf(magicBytes, position); at !== -1; at = segment.indexOf(magicBytes, at + 1)) {
    const found = at % 8 === 0 ? findBatch(segment, at, salt) : undefined;
    if (found?.kind === 'valid') yield found;
  }
}

const zeros = Buffer.alloc(64 * 1024);

export function isZero(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += zeros.length) {
    const length = Math.min(zeros.length, end - at);
    if (bytes.compare(zeros, 0, length, at, at + length) !== 0) return false;
  }
  return true;
}
