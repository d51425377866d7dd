/** Events: what happens to a replica. The shell reports each one; `Replica.handle` decides what follows. */
import type { Epoch, EpochId, HistoryId, ReplicaId, Seq } from './ids.js';
import type { LogEntry } from './log-entry.js';
import type { Message } from './message.js';
import type { RecordedRequest, RequestIdentity } from './request.js';
import type { ShardState } from './shard-state.js';
import type { FoundItem, Transaction } from './transaction.js';

/** A live replica, as registered in ZooKeeper. */
export interface CandidateFact {
  readonly replicaId: ReplicaId;
  /** Order of succession. */
  readonly order: number;
  readonly stopping: boolean;
  /** The history whose data the replica holds; undefined: it holds no complete copy (R3). */
  readonly history?: HistoryId | undefined;
  /** Its node has no room for the data, so it is not invited to a snapshot. Set by a primary's shell; others may leave it out. */
  readonly full?: boolean;
  /** The database with its data gives no answer: it does not lead while another member can (R12). Undefined: false. */
  readonly impaired?: boolean | undefined;
}

/** One key of a snapshot, with its value. */
export interface SnapshotItem {
  readonly key: string;
  readonly value: Uint8Array;
  readonly version: Seq;
  /** The shard's time from which on the key is due (R17). Undefined: never. */
  readonly expiresAtMs?: number | undefined;
}

/** The answer to one attempt of a compare-and-set of `state`. */
export type ProposalOutcome =
  | { readonly kind: 'applied'; readonly version: number }
  /** `notSent` is definite; `conflict` and `missing` are definite for this attempt alone; `unknown` is not (R7). */
  | { readonly kind: 'conflict' | 'missing' | 'unknown' | 'notSent' };

/**
 * A reading shows everything that ZooKeeper had committed by `asOfMs`. At that time a session was created, or a write of this
 * session was sent and later answered, on the connection of the reading. Negative infinity: the server may lag (R7).
 */
export interface ReadingTime {
  readonly asOfMs: number;
}

/** A put or delete. The shell reports it under the stripe lock of its key. */
export interface WriteEvent {
  readonly type: 'write';
  /** The answer carries it back. */
  readonly token: unknown;
  readonly key: string;
  /** Undefined: delete. */
  readonly value: Uint8Array | undefined;
  /** 0: only if absent. Undefined: unconditional. */
  readonly ifVersion: number | undefined;
  /** Of a put: the key expires this long after now, more than 0 (R17). Undefined: never; a TTL that the key had is removed. */
  readonly ttlMs?: number | undefined;
  /**
   * The applied version of the key (0: absent), read under its stripe lock. It does not count where `uncommittedVersion` gives
   * one. Undefined: not looked up, since nothing depends on it; allowed for an unconditional put only.
   */
  readonly storedVersion: Seq | undefined;
  /** When the value of that version is due (R17). Undefined: never. */
  readonly storedExpiresAtMs?: number | undefined;
  /** The answer waits until every required member has flushed the write. It is visible before that. */
  readonly sync?: boolean | undefined;
  /** With it, the client may send the write again after an unknown outcome, and it is executed once (R16). */
  readonly request?: RequestIdentity | undefined;
  /** The node has room for more requests than the part of this shard (`ReplicaOptions.maxRequests`). Undefined: it has none. */
  readonly hasRoom?: boolean | undefined;
}

/** A transaction. The shell reports it under the stripe locks of all its keys. */
export interface TransactEvent {
  readonly type: 'transact';
  /** The answer carries it back. */
  readonly token: unknown;
  readonly transaction: Transaction;
  /**
   * By key, for each that the transaction names: what is applied, read under its stripe lock. It does not count where an entry of
   * the key is uncommitted. Its memory may be used again once the event has been handled.
   */
  readonly stored: Pick<ReadonlyMap<string, FoundItem>, 'get'>;
  /** As in `WriteEvent`. */
  readonly sync?: boolean | undefined;
  /** As in `WriteEvent`. */
  readonly request?: RequestIdentity | undefined;
  readonly hasRoom?: boolean | undefined;
}

/** A read that sees the last write of its key appended before it. It is `readable` once that write has committed (R6, R9). */
export interface OrderedReadEvent {
  readonly type: 'orderedRead';
  /** The answer carries it back. */
  readonly token: unknown;
  readonly key: string;
  /** When the applied value of the key is due (R17), read under its stripe lock. Undefined: never. */
  readonly storedExpiresAtMs?: number | undefined;
}

/** A key that is due, with what is applied of it. */
export interface DueKey {
  readonly key: string;
  readonly expiresAtMs: number;
}

/**
 * Keys whose applied values are due (R17), in the turn in which the shell found them, and no other operation under the stripe lock
 * of one of them. The replica deletes those that have not been written since.
 */
export interface DueEvent {
  readonly type: 'due';
  /** The answer carries it back. */
  readonly token: unknown;
  readonly keys: readonly DueKey[];
}

/** What an answer to the effect `readLog` repeats of it. */
export interface LogReadId {
  readonly to: ReplicaId;
  readonly epochId: EpochId;
  readonly number: number;
  readonly firstSeq: Seq;
}

export type Event =
  /** `hasDeadlines`: the store has keys that expire (R17). */
  | { readonly type: 'tick'; readonly hasDeadlines?: boolean }
  | WriteEvent
  | TransactEvent
  | OrderedReadEvent
  | DueEvent
  /** The end of a turn: the entries appended in this turn are persisted and sent together. */
  | { readonly type: 'flush' }
  | { readonly type: 'message'; readonly message: Message }
  | { readonly type: 'linkUp'; readonly to: ReplicaId }
  /** `refused`: nothing listens there any more, or the node holds another replica. */
  | { readonly type: 'linkDown'; readonly to: ReplicaId; readonly refused: boolean }
  | { readonly type: 'persisted'; readonly write: number }
  /** Every write up to this one survives a loss of power, too. Only with `reportsFlushes`. */
  | { readonly type: 'flushed'; readonly write: number }
  /** The answer to `readLog`: entries from `firstSeq` on, without a gap, one at least. */
  | (LogReadId & { readonly type: 'logRead'; readonly entries: readonly LogEntry[] })
  /** The storage has not got the entry `firstSeq`, or cannot read it. */
  | (LogReadId & { readonly type: 'logUnavailable' })
  /** The storage has only the entries above `seq`. */
  | { readonly type: 'logTrimmed'; readonly seq: Seq }
  | { readonly type: 'session'; readonly connected: boolean }
  | { readonly type: 'candidates'; readonly candidates: readonly CandidateFact[] }
  /** The nodes that are to hold the shard, the preferred primary's first (R15). Before the first report every node may. */
  | { readonly type: 'placed'; readonly nodes: readonly string[] }
  | ({ readonly type: 'stateRead'; readonly version: number; readonly state: ShardState } & ReadingTime)
  /** `isRestored`: ZooKeeper has lost this cluster's data before, so a missing `state` is a loss (R3, R13). */
  | ({ readonly type: 'stateMissing'; readonly isRestored: boolean } & ReadingTime)
  | { readonly type: 'proposalResult'; readonly proposal: number; readonly outcome: ProposalOutcome }
  /** At the primary: a joiner calls Dump. */
  | {
      readonly type: 'snapshotRequested';
      readonly from: ReplicaId;
      readonly epochId: EpochId;
      readonly number: number;
    }
  /** At the joiner: the messages that its call to Dump receives, in order. */
  | {
      readonly type: 'snapshotBegun';
      readonly epochId: EpochId;
      readonly number: number;
      readonly baseSeq: Seq;
      readonly baseEpoch: Epoch;
      readonly baseEpochId: EpochId;
      /** The floor of the recognised requests, as of the base position (R16). */
      readonly requestFloor: Seq;
      /** The latest time that an entry up to the base shows (R17). */
      readonly timeMs: number;
    }
  | {
      readonly type: 'snapshotChunk';
      readonly epochId: EpochId;
      readonly number: number;
      readonly items: readonly SnapshotItem[];
    }
  /** The recognised requests, as of the base position (R16). */
  | {
      readonly type: 'snapshotRequests';
      readonly epochId: EpochId;
      readonly number: number;
      readonly requests: readonly RecordedRequest[];
    }
  | { readonly type: 'snapshotEnded'; readonly epochId: EpochId; readonly number: number; readonly commitIndex: Seq }
  /** At the joiner, after the effect `applyLater`. */
  | { readonly type: 'applyRest' }
  | { readonly type: 'snapshotFailed'; readonly epochId: EpochId; readonly number: number }
  /** A planned stop (R12, R13); past `deadlineMs` the replica stops in any case. */
  | { readonly type: 'stop'; readonly deadlineMs: number }
  /** The operator's command: accepts the loss of the data that this replica does not hold (R13). */
  | {
      readonly type: 'force';
      readonly token: unknown;
      /** Ids of the histories, or of their epochs, that are given up. */
      readonly givesUp: readonly string[];
    };
