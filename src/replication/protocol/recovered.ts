/**
 * What a replica recovers when a process starts again with the data of an earlier one (R1, R4, R8). It is the result of the
 * earlier `persist` effects, in order: of all that were reported as durable, and perhaps of some later ones.
 */
import type { Epoch, EpochId, HistoryId, Seq } from './ids.js';
import type { Line } from './lineage.js';
import type { LogEntry } from './log-entry.js';
import type { EpochRun } from './log-position.js';
import type { RecordedRequest } from './request.js';

/** What is persisted of a replica beside its log, store and recognised requests. */
interface ReplicaFacts {
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
  /** The newest time of the shard that the replica has logged (R17); not as of any entry. */
  readonly loggedTimeMs: number;
}

export interface RecoveredReplica extends ReplicaFacts {
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
  /** Undefined: nothing is stored below `baseSeq`. */
  readonly stored?: StoredStart | undefined;
}

/** Where the log in the storage begins, and the epochs of its entries. It may begin far below the entries that are kept in memory. */
export interface StoredStart extends LogMark {
  readonly runs: readonly EpochRun[];
}

/** A position in a log, with the epoch of the entry there; (0, 0, '') before the first entry. */
export interface LogMark {
  readonly seq: Seq;
  readonly epoch: Epoch;
  readonly epochId: EpochId;
}

/** What a shell keeps of a replica beside entries and snapshots. With it a replay begins in the middle of the changes. */
export interface ReplicaMetadata extends ReplicaFacts {
  /** The number of changes `reset` so far: seqs of different counts must not be compared. */
  readonly resets: number;
  /** The last entry of the log, applied or not. */
  readonly end: LogMark;
}

/** A replica for which nothing has been persisted. */
export const emptyMetadata: ReplicaMetadata = {
  history: undefined,
  epoch: 0,
  epochId: '',
  epochRemovals: 0,
  line: undefined,
  complete: true,
  loggedTimeMs: 0,
  resets: 0,
  end: { seq: 0, epoch: 0, epochId: '' },
};

/**
 * A snapshot that the shell took of the store, or received with `load`. Writes may go on while it is taken, so some items may be
 * newer than `position`, but none is newer than `throughSeq`.
 */
export interface StoredSnapshot {
  /** As in the metadata when it was taken; for a received one, after its `reset`. */
  readonly resets: number;
  /** Every entry up to here has been applied. */
  readonly position: LogMark;
  /** Without the log up to here the snapshot must not be used. */
  readonly throughSeq: Seq;
  /** The recognised requests as of `position`, and their floor (R16). */
  readonly requests: readonly RecordedRequest[];
  readonly requestFloor: Seq;
  /** The latest time that an entry up to `position` shows (R17). */
  readonly timeMs: number;
}

/** Up to where the store has applied the log, without the requests: it costs little to read. */
export type AppliedPosition = Pick<StoredSnapshot, 'position' | 'requestFloor' | 'timeMs'>;

/** What belongs to a snapshot that is begun now, and the entries that it does not cover. */
export interface AppliedState extends Omit<StoredSnapshot, 'resets' | 'throughSeq'> {
  readonly unapplied: readonly LogEntry[];
  /** The epochs of the unapplied entries. */
  readonly unappliedRuns: readonly EpochRun[];
}

/**
 * Whether a replay with this snapshot may begin at these metadata: the snapshot has everything that earlier changes have brought.
 * If so, the shell may delete the earlier changes.
 */
export function mayBeginAt({ resets, end }: ReplicaMetadata, snapshot: StoredSnapshot): boolean {
  return snapshot.resets > resets || (snapshot.resets === resets && snapshot.position.seq >= end.seq);
}
