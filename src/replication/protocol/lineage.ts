/**
 * Which history a replica's data belongs to, and whether another state, log or message continues it (R1).
 *
 * A history has a random id from its birth, and each of its epochs has a random id beside its number. A line is a history
 * with the epochs that led up to some point of it. Two lines with other ids at the same epoch number are two histories: a
 * ZooKeeper that lost data has let both begin.
 *
 * Two lines can also share an epoch and part within it. Only a ZooKeeper that lost the removal of a replica from the in-sync set
 * lets that happen: the removed replica claims the next epoch, without what was acknowledged after its removal (R7). So each
 * epoch of a line carries the number of removals that it had seen.
 */
import type { Epoch, EpochId, HistoryId } from './ids.js';

export interface EpochMark {
  readonly epoch: Epoch;
  readonly id: EpochId;
  /**
   * In a line: how many times members were taken out of the in-sync set in this epoch; absent: never, from 1. At the end of a
   * replica's line it is what the replica knows; before the end, what the next epoch began from.
   */
  readonly removals?: number | undefined;
}

export interface Line {
  readonly history: HistoryId;
  /** Oldest first, never empty; the newest `longestLineage` epochs at most. */
  readonly lineage: readonly EpochMark[];
}

/** Epochs that a line names: older ones are no longer told apart. Bounds what `state` takes in ZooKeeper to some 4 KiB. */
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

/** The newest epoch has seen so many removals. */
export function withRemovals(lineage: readonly EpochMark[], removals: number): readonly EpochMark[] {
  const { epoch, id } = endOf({ lineage });
  return [...lineage.slice(0, -1), { epoch, id, removals }];
}

/** Both lines end in the same epoch, and `line` has seen fewer removals there than `other`. */
export function hasSeenFewerRemovals(line: Pick<Line, 'lineage'>, other: Pick<Line, 'lineage'>): boolean {
  const [end, otherEnd] = [endOf(line), endOf(other)];
  return end.id === otherEnd.id && removalsOf(end) < removalsOf(otherEnd);
}

/**
 * True if whoever holds the data of `earlier` may follow `later`: it is the same line, or one that went on from it. An epoch
 * that is older than everything a full list names counts as part of the line. A line that left an epoch before a removal that
 * `earlier` knows did not go on from it: the removed replica may have begun that line, and lacks what was acknowledged since (R7).
 */
export function continues(later: Line, earlier: Line): boolean {
  if (later.history !== earlier.history) return false;
  const { epoch, id } = endOf(earlier);
  const same = later.lineage.find((mark) => mark.epoch === epoch);
  if (same !== undefined) return same.id === id && (same === endOf(later) || removalsOf(same) >= removalsOf(endOf(earlier)));
  return later.lineage.length === longestLineage && epoch < later.lineage[0]!.epoch;
}

/** The ids, of the history or of its epochs, by which an operator's command has given this line up (R13). */
export function isGivenUp({ history, lineage }: Line, givenUp: readonly string[]): boolean {
  return givenUp.includes(history) || lineage.some((mark) => givenUp.includes(mark.id) || givenUp.includes(markIdOf(mark)));
}

/**
 * What the operator's command gives up to give up a line: it tells apart two lines that part within an epoch. A line that
 * parted earlier does not have it.
 */
export function markIdOf(mark: EpochMark): string {
  const removals = removalsOf(mark);
  return removals === 0 ? mark.id : `${mark.id}+${removals}`;
}

/** For people and for the operator's command: `history` and the newest epoch, `number:id`. */
export function nameOf(line: Line): string {
  const { epoch, id } = endOf(line);
  return `${line.history} at epoch ${epoch}:${id}`;
}
