/**
 * Reads entries of the log from a disk, as a node reads them from its segments: in the order of the changes, the newest ones under
 * each seq, and nothing that was cut.
 */
import type { LogEntry } from '../../src/replication/index.js';
import type { DurableChange } from './disk-reader.js';

/** Every entry that these changes leave, by seq. What is written over a discarded log is read only if it was appended. */
export function storedEntries(changes: readonly DurableChange[]): ReadonlyMap<number, LogEntry> {
  const found = new Map<number, LogEntry>();
  for (const { change } of changes) {
    if (change.type === 'append') for (const entry of change.entries) found.set(entry.seq, entry);
    else if (change.type === 'truncate') cut(found, change.afterSeq);
    else if (change.type === 'reset' || change.type === 'rebase') found.clear();
  }
  return found;
}

/** Entries from `firstSeq` on, without a gap. Undefined: the first one is not there. */
export function readEntries(
  changes: readonly DurableChange[],
  firstSeq: number,
  throughSeq: number,
  maxEntries: number,
): readonly LogEntry[] | undefined {
  const found = storedEntries(changes);
  const entries: LogEntry[] = [];
  for (let seq = firstSeq; seq <= throughSeq && entries.length < maxEntries; seq++) {
    const entry = found.get(seq);
    if (entry === undefined) break;
    entries.push(entry);
  }
  return entries.length === 0 ? undefined : entries;
}

function cut(found: Map<number, LogEntry>, afterSeq: number): void {
  for (const seq of found.keys()) if (seq > afterSeq) found.delete(seq);
}
