/**
 * What a replica finds of itself when its process starts again with the data of an earlier one (R1, R4, R8): exactly what
 * its `persist` effects left behind, in their order, up to one that was reported as durable, or beyond.
 */
import type { Epoch, EpochId, HistoryId, Seq } from './ids.js';
import type { Line } from './lineage.js';
import type { LogEntry } from './log-entry.js';
import type { EpochRun } from './log-position.js';

export interface RecoveredReplica {
  /** Of the epoch; undefined: it knew none. */
  readonly history: HistoryId | undefined;
  readonly epoch: Epoch;
  readonly epochId: EpochId;
  /** What its data belongs to; undefined: it has none, or no complete copy. */
  readonly line: Line | undefined;
  /** False after a reset for a snapshot that was not finished: then only another snapshot helps (R10). */
  readonly complete: boolean;
  /** The position below the first entry. */
  readonly baseSeq: Seq;
  readonly baseEpoch: Epoch;
  readonly baseEpochId: EpochId;
  /** In order, without a gap. */
  readonly entries: readonly LogEntry[];
  /** The epochs of the entries. */
  readonly runs: readonly EpochRun[];
  /** What the store found holds, from `baseSeq` to the last entry; known to be committed. */
  readonly appliedSeq: Seq;
}
