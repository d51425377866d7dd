import type { Epoch, Seq } from './ids.js';

/** One write. Immutable once appended. */
export interface LogEntry {
  readonly seq: Seq;
  readonly epoch: Epoch;
  readonly key: string;
  /** Undefined: the key is deleted. */
  readonly value: Uint8Array | undefined;
}

/** The version that the entry gives its key; 0: the entry deletes the key. */
export function versionOf(entry: LogEntry): Seq {
  return entry.value === undefined ? 0 : entry.seq;
}

/** Estimated memory of an entry beside its key and value (object, index, bookkeeping). Bounds on memory count with it. */
const entryOverheadBytes = 128;

/** Estimated memory of an entry. */
export function entryBytes(entry: LogEntry): number {
  return entry.key.length + (entry.value?.length ?? 0) + entryOverheadBytes;
}
