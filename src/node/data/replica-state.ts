/**
 * The applied state of a replica whose log is on disk, and the *base copy* that the log continues after a restart.
 *
 * Two kinds: items in memory, whose base copy is a snapshot file, and items in a database, which are the base copy themselves.
 */
import type { Change, LogEntry, RecordedRequest, SnapshotItem } from '../../replication/index.js';
import type { AppliedSource } from '../../storage/database/index.js';
import type { Storage, StoredReplica } from '../../storage/index.js';
import type { LoggedReplica } from '../../storage/wal/index.js';
import type { SnapshotReference } from '../../wire/disk/replica-records.js';

/** The log of the replica, as far as its state depends on it. */
export interface StateLog {
  /** Whether the log has the records up to `seq` of the copy that began with this number of resets. They may not be flushed yet. */
  hasAppended(resets: number, seq: number): boolean;
  /** Resolves once everything that the replica has persisted before is in the log. */
  readonly kept: Promise<void>;
  /** The base copy has everything up to `seq`, and survives a loss of power. */
  cover(seq: number): void;
}

export type Reset = Extract<Change, { type: 'reset' }>;

/** The reset to an empty copy from which no entry is missing. */
export const emptyReset: Reset = {
  type: 'reset',
  baseSeq: 0,
  baseEpoch: 0,
  baseEpochId: '',
  complete: true,
  requestFloor: 0,
  timeMs: 0,
};

type Readings = 'keyCount' | 'expiringCount' | 'earliestExpiryMs' | 'dataBytes' | 'memoryBytes' | 'backlog';

/** What `Storage` promises of its state, without the log. */
export interface ReplicaState extends Pick<Storage, Readings | 'apply' | 'get' | 'head' | 'due' | 'range' | 'scan' | 'close'> {
  /** Called once, before the replica changes anything. */
  attach(replica: StoredReplica, log: StateLog): void;
  /**
   * Undefined: the state keeps up with what is applied. Otherwise it resolves once it has caught up, and no more should be accepted
   * before.
   */
  readonly behind: Promise<void> | undefined;
  /** Only after `StateStore.beginReplay`: what this replay has applied may be written to a database before it is over. */
  beginReplay(replay: AppliedSource): void;
  /** As `apply`, of a replay. The values are valid within this call only. */
  replay(entries: readonly LogEntry[]): void;
  /** Of a replay: the items are of a log that the replica has discarded since. */
  clear(): void;
  /**
   * The replica discards its data. Unless the change is `complete`, it receives another copy from now on.
   * @param resets with this one
   */
  reset(change: Reset, replica: LoggedReplica, resets: number): void;
  /** The log has begun anew (see the change `rebase`). */
  rebased(): void;
  load(items: readonly SnapshotItem[]): void;
  loadRequests(requests: readonly RecordedRequest[]): void;
  /**
   * The copy that was received is complete. Resolves once it survives a crash.
   * @param throughSeq the last entry that was applied over its items
   */
  complete(throughSeq: number): Promise<SnapshotReference>;
  /** The replica has left. */
  discard(): void;
}
