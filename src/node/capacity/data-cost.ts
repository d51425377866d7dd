/**
 * What keys and values cost in memory, counted so that all replicas of a shard come to the same, whatever they went through:
 * the most that the storage in memory can need for them.
 *
 * A record has 16 bytes beside key and value, is filled up to whole words and units (10 bytes at the most), and one in four
 * units may lie idle before it is cleaned up; the index has 8 bytes a slot and is three eighths full at the least.
 */
import type { Storage } from '../../storage/index.js';

const recordOverheadBytes = 26;
const idlePart = 4 / 3;
const indexBytes = 22;
/** Of UTF-8 for each UTF-16 unit of a key. */
const maxBytesPerUnit = 3;

/** Of all there is. */
export function costOfData({ dataBytes, keyCount }: Pick<Storage, 'dataBytes' | 'keyCount'>): number {
  return Math.ceil(idlePart * (dataBytes + recordOverheadBytes * keyCount)) + indexBytes * keyCount;
}

/** Of one key and its value, or more: the key is not encoded for this. */
export function costOf(key: string, valueBytes: number): number {
  return Math.ceil(idlePart * (maxBytesPerUnit * key.length + valueBytes + recordOverheadBytes)) + indexBytes;
}

/** Of entries that are not applied, by what the log counts for them; more, but for long keys of other than ASCII. */
export function costOfUncommitted(logBytes: number): number {
  return Math.ceil(idlePart * logBytes);
}
