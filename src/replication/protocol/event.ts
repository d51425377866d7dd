/** What happens to a replica. The shell reports it; `Replica.handle` decides what follows. */
import type { Epoch, EpochId, HistoryId, ReplicaId, Seq } from './ids.js';
import type { Message } from './message.js';
import type { ShardState } from './shard-state.js';

/** A live replica, as registered in ZooKeeper. */
export interface CandidateFact {
  readonly replicaId: ReplicaId;
  /** Order of succession. */
  readonly order: number;
  readonly stopping: boolean;
  /** The history whose data it holds; undefined: it holds no complete copy (R3). */
  readonly history?: HistoryId | undefined;
  /** It has no room for the data there is: it is given no snapshot. Judged by a primary's shell; others may leave it out. */
  readonly full?: boolean;
}

/** One key of a snapshot. */
export interface SnapshotItem {
  readonly key: string;
  readonly value: Uint8Array;
  readonly version: Seq;
}

export type ProposalOutcome =
  | { readonly kind: 'applied'; readonly version: number }
  /** `notSent` is definite; `conflict` and `missing` are definite for this attempt alone; `unknown` is not (R7). */
  | { readonly kind: 'conflict' | 'missing' | 'unknown' | 'notSent' };

/**
 * The reading shows everything that ZooKeeper had committed by `asOfMs`: a session was created then, or a write of this session
 * was sent then and answered, on the connection of the reading. Negative infinity: it may come from a server that lags (R7).
 */
export interface ReadingTime {
  readonly asOfMs: number;
}

export interface WriteEvent {
  readonly type: 'write';
  /** Comes back with the answer. */
  readonly token: unknown;
  readonly key: string;
  /** Undefined: delete. */
  readonly value: Uint8Array | undefined;
  /** 0: only if absent. Undefined: unconditional. */
  readonly ifVersion: number | undefined;
  /**
   * The applied version of the key (0: absent), read under its stripe lock; not asked where `uncommittedVersion` knows.
   * Undefined: not looked up, as nothing depends on it. That is so for an unconditional put alone.
   */
  readonly storedVersion: Seq | undefined;
}

/** A read that sees the last write of its key that was appended before it: `readable` once that has committed (R6, R9). */
export interface OrderedReadEvent {
  readonly type: 'orderedRead';
  /** Comes back with the answer. */
  readonly token: unknown;
  readonly key: string;
}

export type Event =
  | { readonly type: 'tick' }
  | WriteEvent
  | OrderedReadEvent
  /** The end of a turn: what was appended in it is persisted and sent together. */
  | { readonly type: 'flush' }
  | { readonly type: 'message'; readonly message: Message }
  | { readonly type: 'linkUp'; readonly to: ReplicaId }
  /** `refused`: nothing listens there any more, or it holds another replica. */
  | { readonly type: 'linkDown'; readonly to: ReplicaId; readonly refused: boolean }
  | { readonly type: 'persisted'; readonly write: number }
  | { readonly type: 'session'; readonly connected: boolean }
  | { readonly type: 'candidates'; readonly candidates: readonly CandidateFact[] }
  /** The nodes that are to hold the shard, the preferred primary's first (R15). Before the first of these everyone is. */
  | { readonly type: 'placed'; readonly nodes: readonly string[] }
  | ({ readonly type: 'stateRead'; readonly version: number; readonly state: ShardState } & ReadingTime)
  /** `isRestored`: this cluster's ZooKeeper has lost its data before, so that a missing `state` is no beginning (R3, R13). */
  | ({ readonly type: 'stateMissing'; readonly isRestored: boolean } & ReadingTime)
  | { readonly type: 'proposalResult'; readonly proposal: number; readonly outcome: ProposalOutcome }
  /** At the primary: a joiner calls Dump. */
  | {
      readonly type: 'snapshotRequested';
      readonly from: ReplicaId;
      readonly epochId: EpochId;
      readonly number: number;
    }
  /** At the joiner: what its call to Dump brings. */
  | {
      readonly type: 'snapshotBegun';
      readonly epochId: EpochId;
      readonly number: number;
      readonly baseSeq: Seq;
      readonly baseEpoch: Epoch;
      readonly baseEpochId: EpochId;
    }
  | {
      readonly type: 'snapshotChunk';
      readonly epochId: EpochId;
      readonly number: number;
      readonly items: readonly SnapshotItem[];
    }
  | { readonly type: 'snapshotEnded'; readonly epochId: EpochId; readonly number: number; readonly commitIndex: Seq }
  | { readonly type: 'snapshotFailed'; readonly epochId: EpochId; readonly number: number }
  /** A planned stop (R12, R13); past `deadlineMs` the replica goes all the same. */
  | { readonly type: 'stop'; readonly deadlineMs: number }
  /** The operator accepts the loss of what this replica does not hold (R13). */
  | {
      readonly type: 'force';
      readonly token: unknown;
      /** Ids of the histories, or of their epochs, that are given up with all that only they hold. */
      readonly givesUp: readonly string[];
    };
