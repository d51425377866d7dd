/**
 * Which history a replica's data belongs to, and whether another state, log or message continues it (R1).
 *
 * A history has a random id from its birth, and each of its epochs has a random id beside its number. A line is a history
 * with the epochs that led up to some point of it. Two lines with other ids at the same epoch number are two histories: a
 * ZooKeeper that lost data has let both begin.
 */
import type { Epoch, EpochId, HistoryId } from './ids.js';

export interface EpochMark {
  readonly epoch: Epoch;
  readonly id: EpochId;
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

/**
 * True if whoever holds the data of `earlier` may follow `later`: it is the same line, or one that went on from it. An epoch
 * that is older than everything a full list names counts as part of the line.
 */
export function continues(later: Line, earlier: Line): boolean {
  if (later.history !== earlier.history) return false;
  const { epoch, id } = endOf(earlier);
  const same = later.lineage.find((mark) => mark.epoch === epoch);
  if (same !== undefined) return same.id === id;
  return later.lineage.length === longestLineage && epoch < later.lineage[0]!.epoch;
}

/** The ids, of the history or of its epochs, by which an operator's command has given this line up (R13). */
export function isGivenUp({ history, lineage }: Line, givenUp: readonly string[]): boolean {
  return givenUp.includes(history) || lineage.some(({ id }) => givenUp.includes(id));
}

/** For people and for the operator's command: `history` and the newest epoch, `number:id`. */
export function nameOf(line: Line): string {
  const { epoch, id } = endOf(line);
  return `${line.history} at epoch ${epoch}:${id}`;
}
