/**
 * Where a log stands, as one replica tells another, and the comparison of two logs by it (R5, R10).
 *
 * Two entries with the same (seq, epoch) are the same entry, and what precedes them is the same too, because every
 * append names the entry before it. So the last common entry of two logs follows from their epochs alone.
 */
import type { Epoch, Seq } from './shard-state.js';

/** From `firstSeq` on, until the next run, entries carry `epoch`. */
export interface EpochRun {
  readonly epoch: Epoch;
  readonly firstSeq: Seq;
}

export interface LogPosition {
  /** The position below the first entry retained; (0, 0) for a log that begins at the beginning. */
  readonly baseSeq: Seq;
  readonly baseEpoch: Epoch;
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
  return { epoch: log.baseEpoch, firstSeq: log.baseSeq };
}

/** The highest seq up to which both logs agree, or undefined if that lies below what one of them retains. */
export function commonPosition(one: LogPosition, other: LogPosition): Seq | undefined {
  const lowest = Math.max(one.baseSeq, other.baseSeq);
  let seq = Math.min(one.lastSeq, other.lastSeq);
  while (seq >= lowest) {
    const oneRun = runAt(one, seq);
    const otherRun = runAt(other, seq);
    if (oneRun.epoch === otherRun.epoch) return seq;
    // Epochs only grow along a log, so the whole younger run lies beyond the common part.
    seq = (oneRun.epoch > otherRun.epoch ? oneRun : otherRun).firstSeq - 1;
  }
  return undefined;
}
