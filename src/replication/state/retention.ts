/**
 * Retention: how much of the applied log is kept for replicas that lack only its end (R10). It is bounded by count and by
 * bytes. Entries that are not applied yet are never dropped or packed.
 */

import type { Seq } from '../protocol/ids.js';
import type { Core } from './core.js';

/** Entries are dropped once they exceed this fraction of the bound, so that no single entry pays for a compaction. */
const partsKept = 4;

/** The retained log is packed into about this many blocks, fewer if a block would hold less than `minBlockEntries`. */
const blocksKept = 40;
const minBlockEntries = 128;

/**
 * While a peer takes a snapshot, the log may grow to this multiple of its bound in bytes. Beyond it the snapshot is too slow for
 * the writes, and begins again.
 */
export const snapshotGrowth = 8;

/** The entries that peers need, from these seqs on. Infinity: none. */
export interface Needs {
  /** Needed by peers that follow the log; honoured while the log is within its bound in bytes. */
  readonly followingFromSeq: Seq;
  /** The same for peers that have followed, and are to follow again after a Sync. */
  readonly returningFromSeq: Seq;
  /** Needed by peers that take a snapshot: the log from before its first chunk (R10). */
  readonly snapshotFromSeq: Seq;
}

export const noNeeds: Needs = {
  followingFromSeq: Number.POSITIVE_INFINITY,
  returningFromSeq: Number.POSITIVE_INFINITY,
  snapshotFromSeq: Number.POSITIVE_INFINITY,
};

export function compact(core: Core, needs: Needs = noNeeds): void {
  const { log, options, appliedSeq } = core;
  const overBytes = log.bytes > options.retainBytes;
  let through = appliedSeq - options.retainEntries;
  if (overBytes) through = appliedSeq - Math.floor((appliedSeq - log.baseSeq) / 2);
  else through = Math.min(through, needs.followingFromSeq - 1, needs.returningFromSeq - 1);
  if (log.bytes <= snapshotGrowth * options.retainBytes) through = Math.min(through, needs.snapshotFromSeq - 1);
  if (overBytes || through - log.baseSeq >= options.retainEntries / partsKept) log.dropThrough(Math.min(through, appliedSeq));
  // What a following peer lacks is not packed, so that sending it is quick.
  const smallest = Math.min(minBlockEntries, options.retainEntries / partsKept);
  const blockEntries = Math.ceil(Math.max(smallest, options.retainEntries / blocksKept));
  log.packThrough(Math.min(appliedSeq, needs.followingFromSeq - 1), blockEntries);
}
