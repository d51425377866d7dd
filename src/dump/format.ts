/**
 * The file format of dumps, version 3, as docs/dump-format.md describes it: a signature, then frames. Each frame has a
 * checksum of its own, and the last frame has a checksum of everything before it.
 */

/** Begins the file. It holds line breaks of both kinds, so a program that converts line breaks damages it visibly. */
export const signature = Buffer.from('KVDUMP\r\n\x1a\n', 'latin1');
/** The version that is written. */
export const dumpFormatVersion = 3;
/** A reader refuses a file of another version. Version 1 has no records with a TTL, version 2 no positions of shards. */
export const readableVersions: readonly number[] = [1, 2, dumpFormatVersion];
/** From this version on every record belongs to a shard, whose position stands before its records. */
export const firstVersionWithShards = 3;

/** The first byte of a frame's body. */
export const kinds = { header: 0x48, shard: 0x53, record: 0x4b, recordWithTtl: 0x54, end: 0x45 } as const;

/** A frame has the length of its body before the body, and the CRC-32 of length and body after it. */
export const lengthBytes = 4;
export const checkBytes = 4;
/** Bytes of a record before its key: kind, version, length of the key. */
export const recordHeadBytes = 1 + 8 + 2;
/** In a record with a TTL, the TTL follows the key's length. */
export const ttlBytes = 8;
/** Bytes of the end's body: kind, number of records, SHA-256. */
export const endBytes = 1 + 8 + 32;
/** Limits the memory that a damaged length can claim. No body is larger, because a value has at most 8 MiB. */
export const maxBodyBytes = 16 * 1024 * 1024;

export interface DumpHeader {
  readonly formatVersion: number;
  readonly clusterId: string;
  readonly shards: number;
  /** When the dump began, as ISO 8601 in UTC. */
  readonly createdAt: string;
  /** Version of kvnode. */
  readonly softwareVersion: string;
}

/** The position of a shard that its records show, and that all of them are from. */
export interface DumpedShard {
  readonly shard: number;
  readonly history: string;
  readonly epoch: number;
  readonly seq: number;
}

export interface DumpRecord {
  readonly key: string;
  readonly value: Buffer;
  /** The key's version in the cluster that was dumped. */
  readonly version: number;
  /** How long the key still existed at the position of its shard. Absent: it did not expire. */
  readonly ttlMs?: number;
}

/** The file is not a complete dump. `atByte` is the offset of the first sign of that. */
export class DumpDamagedError extends Error {
  readonly atByte: number;

  constructor(problem: string, atByte: number, options?: ErrorOptions) {
    super(`the dump is damaged at byte ${atByte}: ${problem}`, options);
    this.name = 'DumpDamagedError';
    this.atByte = atByte;
  }
}
