/** The states of all replicas of a node: the seam behind which they are in memory or in a database. */
import type { StoredSnapshot } from '../../replication/index.js';
import type { LoggedReplica } from '../../storage/wal/index.js';
import type { SnapshotReference } from '../../wire/disk/replica-records.js';
import type { DurableStorage } from './durable-storage.js';
import type { SurveyedReplica } from './log-survey.js';
import type { CommitWatch, DatabaseHealth } from './node-data.js';
import type { ReplicaState } from './replica-state.js';

export interface RecoveredState {
  readonly state: ReplicaState;
  /** The base copy. Undefined: there is no complete one. */
  readonly snapshot: StoredSnapshot | undefined;
}

/** The base copy is not there, or it does not hold what was written. */
export class LostSnapshotError extends Error {
  override readonly name = 'LostSnapshotError';
}

export interface StateStore {
  /** Resolves if nothing can be written any more: the node must end. */
  readonly failure: Promise<Error>;
  /** Undefined: the states keep up. Otherwise so much waits for the database that no more is accepted before this resolves. */
  readonly backlog: Promise<void> | undefined;
  /** Undefined: the states are in memory. */
  readonly database: DatabaseHealth | undefined;
  /** The commits of the database; a listener may be set once. Undefined: the states are in memory. */
  readonly commits: CommitWatch | undefined;
  /** When the oldest call of the local disk was made that is under way, on the monotonic clock. Undefined: none is. */
  readonly oldestCallMs: number | undefined;
  /** Whether a copy without items has a name, too: the id of the replica that began it, and its resets then. */
  readonly namesEmptyCopies: boolean;
  create(replica: LoggedReplica): ReplicaState;
  /**
   * The replay that follows is the one that counts. Resolves once what it applies may be written to a database.
   * @param flushLog resolves once all that was read of the log survives a loss of power
   */
  beginReplay(flushLog: () => Promise<void>): Promise<void>;
  /** Called with all replicas before any is recovered. @throws KvError DATA_UNAVAILABLE if their states cannot be in this store */
  check(replicas: readonly SurveyedReplica[]): void;
  /** @param reference undefined: the replica has no complete copy. @throws LostSnapshotError */
  recover(replica: LoggedReplica, reference: SnapshotReference | undefined): Promise<RecoveredState>;
  /**
   * Everything is recovered, and the log is open. Removes the copies of replicas that are not among these.
   * @param logFlushed resolves once the log has flushed what was appended by now; undefined: it has
   */
  begin(storages: Iterable<DurableStorage>, logFlushed: () => Promise<void> | undefined): Promise<void>;
  /** Moves the base copy of a replica forward, so that the log before it is not needed any more. Ends early once `close` is called. */
  advance(storage: DurableStorage): Promise<void>;
  /** The copy is not needed any more, even after a crash. */
  remove(shard: number, reference: SnapshotReference): void;
  /** Before a planned stop, while the log is open: moves the base copies forward, for a limited time. Never rejects. */
  settle(): Promise<void>;
  /** Nothing is begun any more. */
  stop(): void;
  /** Idempotent, after `stop`. */
  close(): Promise<void>;
}
