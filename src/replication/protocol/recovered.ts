/**
 * What a replica recovers when a process starts again with the data of an earlier one (R1, R4, R8). It is the result of the
 * earlier `persist` effects, in order: of all that were reported as durable, and perhaps of some later ones.
 */
import type { Epoch, EpochId, HistoryId, Seq } from './ids.js';
import type { Line } from './lineage.js';
import type { LogEntry } from './log-entry.js';
import type { EpochRun } from './log-position.js';
import type { RecordedRequest } from './request.js';

export interface RecoveredReplica {
  /** The history of `epoch`; undefined: the replica knew none. */
  readonly history: HistoryId | undefined;
  readonly epoch: Epoch;
  readonly epochId: EpochId;
  /** The removals from the in-sync set that it knew of in that epoch (R7). */
  readonly epochRemovals: number;
  /** The line that its data belongs to; undefined: it has no data, or no complete copy. */
  readonly line: Line | undefined;
  /** False after a reset for a snapshot that was not finished: the replica needs another snapshot (R10). */
  readonly complete: boolean;
  /** The position below the first entry. */
  readonly baseSeq: Seq;
  readonly baseEpoch: Epoch;
  readonly baseEpochId: EpochId;
  /** The log above the base, in order and without a gap. */
  readonly entries: readonly LogEntry[];
  /** The epochs of the entries. */
  readonly runs: readonly EpochRun[];
  /** The store has applied up to here, which is committed; from `baseSeq` to the last entry. */
  readonly appliedSeq: Seq;
  /** The recognised requests as of `appliedSeq`, and their floor (R16). */
  readonly requests: readonly RecordedRequest[];
  readonly requestFloor: Seq;
  /** The latest time of the shard that an entry up to `appliedSeq` shows (R17). */
  readonly timeMs: number;
}
