import type { Epoch, Seq } from './ids.js';

/** One write. Immutable once appended. */
export interface LogEntry {
  readonly seq: Seq;
  readonly epoch: Epoch;
  readonly key: string;
  /** Undefined: the key is deleted. */
  readonly value: Uint8Array | undefined;
}

/** The version it gives its key; 0: the key does not exist. */
export function versionOf(entry: LogEntry): Seq {
  return entry.value === undefined ? 0 : entry.seq;
}

/** What an entry costs beside its key and value: object, index, bookkeeping. An estimate for bounds. */
const entryOverheadBytes = 128;

export function entryBytes(entry: LogEntry): number {
  return entry.key.length + (entry.value?.length ?? 0) + entryOverheadBytes;
}
