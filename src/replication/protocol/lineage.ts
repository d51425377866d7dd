/**
 * Lines: which history a replica's data belongs to, and whether another state, log or message continues it (R1).
 *
 * A history has a random id from its birth, and each of its epochs has a random id beside its number. A line is a history with
 * the epochs that led to some point of it. Two lines with different ids for one epoch number are two histories: a ZooKeeper that
 * lost data has let both begin.
 *
 * Two lines can also share an epoch and part within it. That happens only if ZooKeeper has lost the removal of a replica from the
 * in-sync set, and the removed replica claims the next epoch without the writes acknowledged after its removal (R7). So each
 * epoch of a line carries the number of removals that it had seen.
 */
import type { Epoch, EpochId, HistoryId } from './ids.js';

/** An epoch of a line. */
export interface EpochMark {
  readonly epoch: Epoch;
  readonly id: EpochId;
  /**
   * In a line: how many times members were taken out of the in-sync set in this epoch, from 1; absent: never. For the last epoch
   * of a replica's line it is the count that the replica knows; for an earlier one, the count when the next epoch began.
   */
  readonly removals?: number | undefined;
}

export interface Line {
  readonly history: HistoryId;
  /** Oldest first, never empty, at most the newest `longestLineage` epochs. */
  readonly lineage: readonly EpochMark[];
}

/** A line names at most this many epochs, which bounds `state` in ZooKeeper to some 4 KiB. Older epochs cannot be told apart. */
export const longestLineage = 128;

/** The newest epoch of a line. */
export function endOf({ lineage }: Pick<Line, 'lineage'>): EpochMark {
  return lineage.at(-1)!;
}

export function extended(lineage: readonly EpochMark[], mark: EpochMark): readonly EpochMark[] {
  return [...lineage, mark].slice(-longestLineage);
}

export function removalsOf({ removals }: EpochMark): number {
  return removals ?? 0;
}

/** The lineage with the number of removals of its newest epoch set. */
export function withRemovals(lineage: readonly EpochMark[], removals: number): readonly EpochMark[] {
  const { epoch, id } = endOf({ lineage });
  return [...lineage.slice(0, -1), { epoch, id, removals }];
}

/** True if both lines end in the same epoch, and `line` has seen fewer removals there than `other`. */
export function hasSeenFewerRemovals(line: Pick<Line, 'lineage'>, other: Pick<Line, 'lineage'>): boolean {
  const [end, otherEnd] = [endOf(line), endOf(other)];
  return end.id === otherEnd.id && removalsOf(end) < removalsOf(otherEnd);
}

/**
 * True if a replica with data of `earlier` may follow `later`: it is the same line, or one that went on from it. An epoch older
 * than all that a full list names counts as part of the line. A line that left an epoch before a removal that `earlier` knows did
 * not go on from it: the removed replica may have begun that line, and lacks the writes acknowledged since (R7).
 */
export function continues(later: Line, earlier: Line): boolean {
  if (later.history !== earlier.history) return false;
  const { epoch, id } = endOf(earlier);
  const same = later.lineage.find((mark) => mark.epoch === epoch);
  if (same !== undefined) return same.id === id && (same === endOf(later) || removalsOf(same) >= removalsOf(endOf(earlier)));
  return later.lineage.length === longestLineage && epoch < later.lineage[0]!.epoch;
}

/** True if an operator's command has given this line up, by the id of its history or of one of its epochs (R13). */
export function isGivenUp({ history, lineage }: Line, givenUp: readonly string[]): boolean {
  return givenUp.includes(history) || lineage.some((mark) => givenUp.includes(mark.id) || givenUp.includes(markIdOf(mark)));
}

/**
 * The id by which an operator's command gives up a line: id and removals of its newest epoch. It is different for two lines that
 * part within that epoch, and a line that parted earlier does not have it.
 */
export function markIdOf(mark: EpochMark): string {
  const removals = removalsOf(mark);
  return removals === 0 ? mark.id : `${mark.id}+${removals}`;
}

/** The name of a line in messages for operators: `history` and the newest epoch, `number:id`. */
export function nameOf(line: Line): string {
  const { epoch, id } = endOf(line);
  return `${line.history} at epoch ${epoch}:${id}`;
}
