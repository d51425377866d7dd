/**
 * The file format of dumps, version 1, as docs/dump-format.md describes it: a signature, then frames, each with a check of its own;
 * the last one carries a check of everything before it.
 */

/** A line break of either kind in it is bent by whatever takes the file for text. */
export const signature = Buffer.from('KVDUMP\r\n\x1a\n', 'latin1');
export const dumpFormatVersion = 1;

/** First byte of a frame's body. */
export const kinds = { header: 0x48, record: 0x4b, end: 0x45 } as const;

/** Before the body of a frame: how long it is. Behind it: the CRC-32 of length and body. */
export const lengthBytes = 4;
export const checkBytes = 4;
/** What a record has before its key: kind, version, length of the key. */
export const recordHeadBytes = 1 + 8 + 2;
/** Of an end: kind, number of records, SHA-256. */
export const endBytes = 1 + 8 + 32;
/** A value has at most 8 MiB. */
export const maxBodyBytes = 16 * 1024 * 1024;

export interface DumpHeader {
  readonly formatVersion: number;
  readonly clusterId: string;
  readonly shards: number;
  /** When the dump began, as ISO 8601 in UTC. */
  readonly createdAt: string;
  /** Of kvnode. */
  readonly softwareVersion: string;
}

export interface DumpRecord {
  readonly key: string;
  readonly value: Buffer;
  /** That it had in the cluster it is from. */
  readonly version: number;
}

/** The file is not a whole dump. `atByte`: where that shows. */
export class DumpDamagedError extends Error {
  readonly atByte: number;

  constructor(problem: string, atByte: number, options?: ErrorOptions) {
    super(`the dump is damaged at byte ${atByte}: ${problem}`, options);
    this.name = 'DumpDamagedError';
    this.atByte = atByte;
  }
}
