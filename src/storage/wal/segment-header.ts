/**
 * The first 4 KiB of a segment: whose it is, and which one.
 *
 *   magic (8 bytes) | format version (32 bits) | salt (32 bits) | number (float64) | bytes of the segment (float64) |
 *   cluster id | node id, each with its length before it (16 bits) | zeros | CRC-32 of all bytes before
 */
import { crc32 } from '../../crc32.js';

export const segmentHeaderBytes = 4_096;
/** The format of segments, batches and records. */
const formatVersion = 1;
const magic = Buffer.from('kvnode\nW', 'latin1');
const crcAt = segmentHeaderBytes - 4;

/** The node that a log belongs to. */
export interface LogOwner {
  readonly clusterId: string;
  readonly nodeId: string;
}

export interface SegmentHeader {
  readonly number: number;
  /** Of the whole file. */
  readonly bytes: number;
  /** A random number of 32 bits with which the CRCs of this segment begin. */
  readonly salt: number;
  readonly owner: LogOwner;
}

export function encodeSegmentHeader({ number, bytes, salt, owner }: SegmentHeader): Buffer {
  const header = Buffer.alloc(segmentHeaderBytes);
  magic.copy(header);
  header.writeUInt32LE(formatVersion, 8);
  header.writeUInt32LE(salt, 12);
  header.writeDoubleLE(number, 16);
  header.writeDoubleLE(bytes, 24);
  let at = 32;
  for (const text of [owner.clusterId, owner.nodeId]) {
    const encoded = Buffer.from(text);
    if (encoded.length > maxIdBytes)
      throw new RangeError(`an id of ${encoded.length} bytes does not fit into a segment's header`);
    header.writeUInt16LE(encoded.length, at);
    encoded.copy(header, at + 2);
    at += 2 + encoded.length;
  }
  header.writeUInt32LE(crc32(header.subarray(0, crcAt)), crcAt);
  return header;
}

/** Both ids fit beside the other fields. */
const maxIdBytes = 2_000;

/** @returns undefined if this is no header, or a damaged one. @throws LogFormatError if it is of another version */
export function decodeSegmentHeader(header: Buffer): SegmentHeader | undefined {
  if (header.length < segmentHeaderBytes || !header.subarray(0, magic.length).equals(magic)) return undefined;
  if (header.readUInt32LE(crcAt) !== crc32(header.subarray(0, crcAt))) return undefined;
  const version = header.readUInt32LE(8);
  if (version !== formatVersion) throw new LogFormatError(version);
  const text = (at: number): string => header.toString('utf8', at + 2, at + 2 + header.readUInt16LE(at));
  const clusterId = text(32);
  const nodeId = text(34 + header.readUInt16LE(32));
  return {
    number: header.readDoubleLE(16),
    bytes: header.readDoubleLE(24),
    salt: header.readUInt32LE(12),
    owner: { clusterId, nodeId },
  };
}

/** The log was written by another version of kvnode. */
class LogFormatError extends Error {
  constructor(version: number) {
    super(`the log has format version ${version}, and this version of kvnode reads version ${formatVersion}`);
    this.name = 'LogFormatError';
  }
}
