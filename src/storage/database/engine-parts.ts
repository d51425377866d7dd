/** What `DatabaseEngine` needs from its node and its replica. */
import type { AppliedState } from '../../replication/index.js';
import type { StoredReplica } from '../storage.js';
import type { Lane } from './lane.js';
import type { OverlayBudget } from './overlay-budget.js';
import type { PersistentCalls } from './persistent-calls.js';
import type { EncodeRequests } from './request-parts.js';
import type { CopyName, StateDatabase } from './state-database.js';

/** The log of the replica. */
export interface EngineLog {
  /** Whether the log has the records of this copy up to `seq`, perhaps not flushed. */
  hasAppended(copy: CopyName, seq: number): boolean;
  /** Resolves once everything that the replica has persisted before is in the log. */
  readonly kept: Promise<void>;
}

/** What is applied, as of now: a replica, or a replay. */
export interface AppliedSource extends Pick<StoredReplica, 'appliedPosition'> {
  readonly appliedState: Pick<AppliedState, 'requests'> | undefined;
}

export interface EngineParts {
  readonly database: StateDatabase;
  readonly lane: Lane;
  readonly log: EngineLog;
  readonly budget: OverlayBudget;
  /** Reads of single keys. */
  readonly reads: PersistentCalls;
  /** Reads of many rows: pages, and searches for keys that are due. */
  readonly scans: PersistentCalls;
  readonly encodeRequests: EncodeRequests;
  /**
   * Estimated bytes at which a layer is sealed. This bounds what one commit has of a shard, in rows as well, because each row counts with its
   * overhead.
   */
  readonly layerBytes: number;
  /** There may be something to commit. */
  wake(): void;
  /** A caller waits for the commit: it is not to be delayed. */
  hurry(): void;
  /** Resolves once everything that was committed before is flushed. */
  flush(): Promise<void>;
}
