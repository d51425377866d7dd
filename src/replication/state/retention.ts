/**
 * How much of the applied log is kept for replicas that lack only the end of it (R10). Bounded by count and by bytes;
 * what is not applied yet is never dropped, nor packed.
 */

import type { Seq } from '../protocol/ids.js';
import type { Core } from './core.js';

/** Dropping a part at a time keeps the cost of compaction off the path of a single entry. */
const partsKept = 4;

/** What is kept is packed in so many blocks, about; in fewer, but some, where they would be small. */
const blocksKept = 40;
const minBlockEntries = 128;

/** How far beyond its bound in bytes the log may grow for the sake of a snapshot on its way: such a snapshot begins again. */
export const snapshotGrowth = 8;

/** What peers that are not in the required set need kept: entries from here on. */
export interface Needs {
  /** For one that follows the log: as long as the log is within its bound in bytes. */
  readonly followingFromSeq: Seq;
  /** For a snapshot, from before its first chunk (R10). */
  readonly snapshotFromSeq: Seq;
}

const noNeeds: Needs = { followingFromSeq: Number.POSITIVE_INFINITY, snapshotFromSeq: Number.POSITIVE_INFINITY };

export function compact(core: Core, needs: Needs = noNeeds): void {
  const { log, options, appliedSeq } = core;
  const overBytes = log.bytes > options.retainBytes;
  let through = appliedSeq - options.retainEntries;
  if (overBytes) through = appliedSeq - Math.floor((appliedSeq - log.baseSeq) / 2);
  else through = Math.min(through, needs.followingFromSeq - 1);
  if (log.bytes <= snapshotGrowth * options.retainBytes) through = Math.min(through, needs.snapshotFromSeq - 1);
  if (overBytes || through - log.baseSeq >= options.retainEntries / partsKept) log.dropThrough(Math.min(through, appliedSeq));
  // Whoever follows is sent what it lacks from entries that are not packed, which is quicker.
  const smallest = Math.min(minBlockEntries, options.retainEntries / partsKept);
  const blockEntries = Math.ceil(Math.max(smallest, options.retainEntries / blocksKept));
  log.packThrough(Math.min(appliedSeq, needs.followingFromSeq - 1), blockEntries);
}
