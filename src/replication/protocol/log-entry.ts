import type { Epoch, Seq } from './ids.js';
import { type RecordedRequest, requestBytes } from './request.js';
import type { FoundItem } from './transaction.js';

/** What an entry does to one key: the resulting value, never the operation, so that applying it twice changes nothing. */
export interface KeyWrite {
  readonly key: string;
  /** Undefined: the key is deleted. */
  readonly value: Uint8Array | undefined;
  /** The shard's time (R17), in whole milliseconds, from which on the key is due to be deleted. Undefined: never. */
  readonly expiresAtMs?: number | undefined;
}

/**
 * The writes of one operation. They commit, and become visible, together. Each gives its key the version `seq`. Immutable once
 * appended.
 */
export interface LogEntry {
  readonly seq: Seq;
  readonly epoch: Epoch;
  /** No key occurs twice. Empty only where the entry records that a request wrote nothing. */
  readonly writes: readonly KeyWrite[];
  /** Undefined: the client does not send the write again after an unknown outcome. */
  readonly request?: RecordedRequest | undefined;
  /**
   * The shard's time at which the primary appended the entry, in whole milliseconds (R17). Undefined in an entry that has nothing
   * to do with expiry.
   */
  readonly atMs?: number | undefined;
}

/** What the entry leaves under the key, one of those that it writes. */
export function itemOf(entry: LogEntry, key: string): FoundItem {
  const { value, expiresAtMs } = writeOf(entry, key);
  return value === undefined ? { value, version: 0 } : { value, version: entry.seq, expiresAtMs };
}

/** What the entry does to the key, one of those that it writes. */
export function writeOf({ writes }: LogEntry, key: string): KeyWrite {
  return writes.length === 1 ? writes[0]! : writes.find((write) => write.key === key)!;
}

/** The version that the entry gives the key, one of those that it writes; 0: it deletes the key. */
export function versionOf(entry: LogEntry, key: string): Seq {
  return writeOf(entry, key).value === undefined ? 0 : entry.seq;
}

/** Estimated memory of an entry beside its writes, and of a write beside its key and value. Bounds on memory count with both. */
const entryOverheadBytes = 64;
const writeOverheadBytes = 64;

/** Estimated memory of an entry. */
export function entryBytes({ writes, request }: LogEntry): number {
  let bytes = request === undefined ? entryOverheadBytes : entryOverheadBytes + requestBytes(request);
  for (const { key, value } of writes) bytes += key.length + (value?.length ?? 0) + writeOverheadBytes;
  return bytes;
}
