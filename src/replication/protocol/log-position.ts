/**
 * The position of a log, as a replica sends it to another, and the comparison of two logs by their positions (R5, R10).
 *
 * Two entries with the same seq, epoch and epoch id are the same entry. Everything before them is the same, too, because every
 * Append names the entry before it. So the last common entry of two logs follows from their epochs alone.
 */
import type { Epoch, EpochId, Seq } from './ids.js';
import type { EpochMark } from './lineage.js';

/** A run of entries of one epoch: from `firstSeq` to the next run. */
export interface EpochRun {
  readonly epoch: Epoch;
  readonly id: EpochId;
  readonly firstSeq: Seq;
}

export interface LogPosition {
  /** The position below the first retained entry; (0, 0) for a log that begins at seq 1. */
  readonly baseSeq: Seq;
  readonly baseEpoch: Epoch;
  /** Empty for a log that begins at seq 1. */
  readonly baseEpochId: EpochId;
  readonly lastSeq: Seq;
  /** The epochs of the retained entries, oldest first. */
  readonly history: readonly EpochRun[];
}

/** The run that holds `seq`; the base counts as a run of its own. */
function runAt(log: LogPosition, seq: Seq): EpochRun {
  for (let index = log.history.length - 1; index >= 0; index--) {
    const run = log.history[index]!;
    if (run.firstSeq <= seq) return run;
  }
  return { epoch: log.baseEpoch, id: log.baseEpochId, firstSeq: log.baseSeq };
}

/** The highest seq up to which both logs agree, or undefined if that lies below what one of them retains. */
export function commonPosition(one: LogPosition, other: LogPosition): Seq | undefined {
  const lowest = Math.max(one.baseSeq, other.baseSeq);
  let seq = Math.min(one.lastSeq, other.lastSeq);
  while (seq >= lowest) {
    const oneRun = runAt(one, seq);
    const otherRun = runAt(other, seq);
    if (isSameEpoch(oneRun, otherRun)) return seq;
    // Epochs only grow along a log, so the whole younger run is not common. If both runs have the same number, neither is.
    seq = youngerOf(oneRun, otherRun).firstSeq - 1;
  }
  return undefined;
}

function isSameEpoch(one: EpochMark, other: EpochMark): boolean {
  return one.epoch === other.epoch && one.id === other.id;
}

function youngerOf(one: EpochRun, other: EpochRun): EpochRun {
  if (one.epoch !== other.epoch) return one.epoch > other.epoch ? one : other;
  return one.firstSeq > other.firstSeq ? one : other;
}

/** The id of the epoch in which the entry at `seq` was written; `runs` must begin at or before it. */
export function idAt(runs: readonly EpochRun[], seq: Seq): EpochId {
  for (let index = runs.length - 1; index >= 0; index--) {
    const run = runs[index]!;
    if (run.firstSeq <= seq) return run.id;
  }
  return '';
}
