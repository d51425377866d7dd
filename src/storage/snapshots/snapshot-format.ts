/**
 * The format of snapshot files: a signature, then chunks. What the chunks contain is for the caller.
 *
 * Each chunk has a head of 16 bytes: length of the payload, kind, number of the chunk from 0, and the CRC-32 of these three and the
 * payload. The numbers show a lost, repeated or moved chunk. The last chunk is of the kind `end`, and nothing follows it, so a file
 * that was truncated anywhere is recognised.
 */
import { crc32 } from '../../crc32.js';

/** Its last byte is the version of the format. */
export const snapshotSignature = Buffer.from('kvsnap\0\x01', 'latin1');

export const chunkKinds = { data: 0, end: 1 } as const;
export type ChunkKind = (typeof chunkKinds)[keyof typeof chunkKinds];

export const chunkHeadBytes = 16;
const checkedHeadBytes = 12;

export interface ChunkHead {
  readonly bytes: number;
  readonly kind: number;
  readonly number: number;
  readonly check: number;
}

/** A snapshot file cannot be used: it is missing, incomplete, or does not contain what was written. */
export class SnapshotDamagedError extends Error {
  override readonly name = 'SnapshotDamagedError';

  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`the snapshot file ${path} is damaged: ${problem}`, options);
  }
}

export function encodeChunkHead(kind: ChunkKind, number: number, payload: Uint8Array): Buffer {
  const head = Buffer.allocUnsafe(chunkHeadBytes);
  head.writeUInt32LE(payload.length, 0);
  head.writeUInt32LE(kind, 4);
  head.writeUInt32LE(number, 8);
  head.writeUInt32LE(checkOf(head, payload), checkedHeadBytes);
  return head;
}

export function readChunkHead(head: Buffer): ChunkHead {
  return {
    bytes: head.readUInt32LE(0),
    kind: head.readUInt32LE(4),
    number: head.readUInt32LE(8),
    check: head.readUInt32LE(checkedHeadBytes),
  };
}

/** The checksum of a chunk. @param head the fields that are checked, at least. */
export function checkOf(head: Buffer, payload: Uint8Array): number {
  return crc32(payload, crc32(head.subarray(0, checkedHeadBytes)));
}
