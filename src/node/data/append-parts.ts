/** Divides appended entries into parts that are small enough for a record of the log. A crash may keep the first few of the parts. */
import { type EpochRun, entryBytes, type LogEntry } from '../../replication/index.js';
import type { AppendChange } from '../../wire/disk/change-records.js';

/** Each part has one entry at least, and at most about `maxBytes` of estimated memory. */
export function appendParts(change: AppendChange, maxBytes: number): Iterable<AppendChange> {
  let bytes = 0;
  for (const entry of change.entries) bytes += entryBytes(entry);
  if (bytes > maxBytes) return divide(change, maxBytes);
  return change.entries.length > 0 ? [change] : [];
}

function* divide({ entries, runs }: AppendChange, maxBytes: number): Iterable<AppendChange> {
  let part: LogEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const added = entryBytes(entry);
    if (part.length > 0 && bytes + added > maxBytes) {
      yield partOf(part, runs);
      part = [];
      bytes = 0;
    }
    part.push(entry);
    bytes += added;
  }
  if (part.length > 0) yield partOf(part, runs);
}

function partOf(entries: readonly LogEntry[], runs: readonly EpochRun[]): AppendChange {
  if (runs.length === 1) return { type: 'append', entries, runs };
  const first = entries[0]!.seq;
  const last = entries.at(-1)!.seq;
  const isOfPart = ({ firstSeq }: EpochRun, index: number): boolean =>
    firstSeq <= last && (runs[index + 1]?.firstSeq ?? Number.POSITIVE_INFINITY) > first;
  return { type: 'append', entries, runs: runs.filter(isOfPart) };
}
