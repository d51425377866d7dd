/**
 * How much of the applied log is kept for replicas that lack only the end of it (R10). Bounded by count and by bytes;
 * what is not applied yet is never dropped.
 */
import type { Core } from './core.js';
import type { Seq } from './shard-state.js';

/** Dropping a part at a time keeps the cost of compaction off the path of a single entry. */
const partsKept = 4;

/** Entries from `neededFromSeq` on are kept for somebody, as long as the log is within its bound in bytes. */
export function compact(core: Core, neededFromSeq: Seq = Number.POSITIVE_INFINITY): void {
  const { log, options, appliedSeq } = core;
  const overBytes = log.bytes > options.retainBytes;
  const dispensable = overBytes ? appliedSeq - Math.floor((appliedSeq - log.baseSeq) / 2) : appliedSeq - options.retainEntries;
  const through = overBytes ? dispensable : Math.min(dispensable, neededFromSeq - 1);
  if (overBytes || through - log.baseSeq >= options.retainEntries / partsKept) log.dropThrough(Math.min(through, appliedSeq));
}
