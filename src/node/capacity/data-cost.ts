/**
 * What keys and values cost in memory. The cost depends on keys and values alone, so all replicas of a shard count the same
 * number, whatever overwrites and deletes each of them went through. It is the most that the storage in memory can need.
 *
 * A record has 16 bytes beside key and value and is padded to whole words and units, which takes at most 10 bytes. One in
 * four units may lie idle before the cleaner returns it. The index has 8 bytes for each slot and is at least three eighths full. The order
 * of the keys takes at most 24 bytes a key; it counts on a node with `--no-order` as well, so that the cost is the same on every node.
 * A key that expires has 4 bytes more in its record, padded to whole units, and 8 in the index of deadlines.
 */
import type { Storage } from '../../storage/index.js';

/** The part of a storage that reports how much data it holds. */
export type StoredAmount = Pick<Storage, 'dataBytes' | 'keyCount' | 'expiringCount'>;

const recordOverheadBytes = 26;
const idlePart = 4 / 3;
const indexBytes = 22;
const orderBytes = 24;
const expiryBytes = 16;
/** UTF-8 needs at most this many bytes for each UTF-16 unit of a key. */
const maxBytesPerUnit = 3;

/** The cost of everything that a storage holds. */
export function costOfData({ dataBytes, keyCount, expiringCount }: StoredAmount): number {
  const recordBytes = Math.ceil(idlePart * (dataBytes + recordOverheadBytes * keyCount));
  return recordBytes + (indexBytes + orderBytes) * keyCount + expiryBytes * expiringCount;
}

/** The cost of one key and its value, or a little more: the key is not encoded to count its bytes. */
export function costOf(key: string, valueBytes: number, isExpiring = false): number {
  const recordBytes = Math.ceil(idlePart * (maxBytesPerUnit * key.length + valueBytes + recordOverheadBytes));
  return recordBytes + indexBytes + orderBytes + (isExpiring ? expiryBytes : 0);
}

/** The cost that uncommitted entries will have once applied, from the bytes the log counts for them. Long non-ASCII keys cost more. */
export function costOfUncommitted(logBytes: number): number {
  return Math.ceil(idlePart * logBytes);
}
