/**
 * The file format of dumps, version 1, as docs/dump-format.md describes it: a signature, then frames. Each frame has a
 * checksum of its own, and the last frame has a checksum of everything before it.
 */

/** Begins the file. It holds line breaks of both kinds, so a program that converts line breaks damages it visibly. */
export const signature = Buffer.from('KVDUMP\r\n\x1a\n', 'latin1');
/** A reader refuses a file of another version. */
export const dumpFormatVersion = 1;

/** The first byte of a frame's body. */
export const kinds = { header: 0x48, record: 0x4b, end: 0x45 } as const;

/** A frame has the length of its body before the body, and the CRC-32 of length and body after it. */
export const lengthBytes = 4;
export const checkBytes = 4;
/** Bytes of a record before its key: kind, version, length of the key. */
export const recordHeadBytes = 1 + 8 + 2;
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

export interface DumpRecord {
  readonly key: string;
  readonly value: Buffer;
  /** The key's version in the cluster that was dumped. */
  readonly version: number;
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
