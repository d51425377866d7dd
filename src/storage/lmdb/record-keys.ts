/**
 * The keys of the records in the environment. The first byte is the table, the next two are the shard, so the records of one table and
 * shard stand together, in the order of what follows:
 *
 * - format: nothing else; one record, which says how all others are to be read
 * - copies: nothing; the position and the totals of a shard
 * - requests: the number of the part and of its piece, 4 bytes each
 * - rows: the key
 * - expiries: the time, 8 bytes, and the key; the record is empty
 *
 * The longest, an expiry with a key of 1,024 bytes, has 1,035 bytes. LMDB takes up to 1,978 with pages of 4 KiB.
 */

export const recordTable = { format: 0, copies: 1, requests: 2, rows: 3, expiries: 4 } as const;

export type RecordTable = (typeof recordTable)[keyof typeof recordTable];

const startBytes = 3;
const timeBytes = 8;
/** Bytes of the key of a row before the key itself. */
export const rowPrefixBytes = startBytes;
/** Bytes of the key of an expiry before the key itself. */
export const expiryPrefixBytes = startBytes + timeBytes;

const twoTo32 = 2 ** 32;

/** The first key that a record of this table and shard can have. @param shard may be one above the last: where the table ends. */
export function recordsStart(of: RecordTable, shard: number): Buffer {
  const key = Buffer.allocUnsafe(startBytes);
  writeStart(key, of, shard);
  return key;
}

/** All records of a table and shard. `end` is the first key after them. */
export function rangeOf(of: RecordTable, shard: number): { start: Buffer; end: Buffer } {
  return { start: recordsStart(of, shard), end: recordsStart(of, shard + 1) };
}

export function tableRange(of: RecordTable): { start: Buffer; end: Buffer } {
  return { start: Buffer.of(of), end: Buffer.of(of + 1) };
}

function writeStart(target: Buffer, of: RecordTable, shard: number, at = 0): void {
  // The range of shard 65,535 ends where the next table begins.
  target[at] = of + (shard >> 16);
  target[at + 1] = (shard >> 8) & 0xff;
  target[at + 2] = shard & 0xff;
}

export function shardOfRecord(recordKey: Buffer): number {
  return recordKey.readUInt16BE(1);
}

export function rowKey(shard: number, key: string): Buffer {
  const bytes = Buffer.allocUnsafe(rowPrefixBytes + Buffer.byteLength(key));
  writeRowKey(bytes, shard, key, 0);
  return bytes;
}

/** @returns where it ends. */
export function writeRowKey(target: Buffer, shard: number, key: string, at: number): number {
  writeStart(target, recordTable.rows, shard, at);
  return at + rowPrefixBytes + target.write(key, at + rowPrefixBytes);
}

export function requestsKey(shard: number, part: number, piece: number): Buffer {
  const key = Buffer.allocUnsafe(startBytes + 8);
  writeStart(key, recordTable.requests, shard);
  key.writeUInt32BE(part, startBytes);
  key.writeUInt32BE(piece, startBytes + 4);
  return key;
}

export function partOf(recordKey: Buffer): number {
  return recordKey.readUInt32BE(startBytes);
}

/** @param rowRecordKey the key of the row's record */
export function expiryKey(rowRecordKey: Uint8Array, expiresAtMs: number): Buffer {
  const key = Buffer.allocUnsafe(rowRecordKey.length + timeBytes);
  key.set(rowRecordKey.subarray(0, startBytes));
  key[0] = recordTable.expiries;
  key.writeUInt32BE(Math.floor(expiresAtMs / twoTo32), startBytes);
  key.writeUInt32BE(expiresAtMs % twoTo32, startBytes + 4);
  key.set(rowRecordKey.subarray(rowPrefixBytes), expiryPrefixBytes);
  return key;
}

export function timeOfExpiry(recordKey: Buffer): number {
  return recordKey.readUInt32BE(startBytes) * twoTo32 + recordKey.readUInt32BE(startBytes + 4);
}
