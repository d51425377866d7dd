/**
 * What a replica wants done, in this order.
 *
 * Durability: every `persist` is done in order, and reported with `persisted` once it is as durable as the storage
 * promises. What must wait for that is emitted only then, so the shell may send and apply without looking back.
 */

import type { SnapshotItem } from './event.js';
import type { Epoch, EpochId, HistoryId, ReplicaId, Seq } from './ids.js';
import type { Line } from './lineage.js';
import type { LogEntry } from './log-entry.js';
import type { EpochRun } from './log-position.js';
import type { Message } from './message.js';
import type { ShardState } from './shard-state.js';

/** Why a request was not executed, or is not known to have been. The same words as the error codes. */
export type Refusal =
  | 'NOT_PRIMARY'
  | 'TAKEOVER_IN_PROGRESS'
  | 'HANDOVER_IN_PROGRESS'
  | 'LEASE_LAPSED'
  | 'PAUSED'
  | 'TOO_FEW_IN_SYNC'
  | 'OVERLOADED'
  | 'VERSION_MISMATCH'
  | 'OUTCOME_UNKNOWN';

export type Answer =
  | { readonly kind: 'written'; readonly version: Seq }
  /**
   * The key of an ordered read is as `entry` left it, though later entries may have been applied in the same turn. Undefined:
   * no write of the key was under way; what is stored now is to be answered, before anything else is handled.
   */
  | { readonly kind: 'readable'; readonly entry: LogEntry | undefined }
  /** A delete of a key that does not exist. */
  | { readonly kind: 'nothingToDelete' }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly currentVersion?: Seq }
  | { readonly kind: 'forced'; readonly epoch: Epoch; readonly seqFloor: Seq }
  | { readonly kind: 'notForced'; readonly reason: string };

/** A change to what must survive a restart. For storage in memory each is durable at once. */
export type Change =
  | { readonly type: 'append'; readonly entries: readonly LogEntry[]; readonly runs: readonly EpochRun[] }
  | { readonly type: 'truncate'; readonly afterSeq: Seq }
  | { readonly type: 'epoch'; readonly history: HistoryId; readonly epoch: Epoch; readonly epochId: EpochId }
  /** What the data belongs to from now on (R1). */
  | { readonly type: 'line'; readonly line: Line }
  /** Discards store, log and line. While `complete` is false the copy must not be used (R10). */
  | {
      readonly type: 'reset';
      readonly baseSeq: Seq;
      readonly baseEpoch: Epoch;
      readonly baseEpochId: EpochId;
      readonly complete: boolean;
    }
  /** The log is these entries above `baseSeq` from now on; the store stays as it is (R13, a raised seq floor). */
  | {
      readonly type: 'rebase';
      readonly baseSeq: Seq;
      readonly baseEpoch: Epoch;
      readonly baseEpochId: EpochId;
      readonly entries: readonly LogEntry[];
    }
  | { readonly type: 'load'; readonly items: readonly SnapshotItem[] }
  /** The snapshot's items may be as new as what is applied by now: a restart must find no less applied than that. */
  | { readonly type: 'complete' };

export type RoleName = 'primary' | 'backup' | 'joiner' | 'claimant';

export type Effect =
  | { readonly type: 'persist'; readonly write: number; readonly change: Change }
  /** Committed entries, in order; an entry older than what the store holds for its key is skipped (a snapshot may be ahead). */
  | { readonly type: 'apply'; readonly entries: readonly LogEntry[] }
  | { readonly type: 'answer'; readonly token: unknown; readonly answer: Answer }
  | { readonly type: 'send'; readonly message: Message }
  /** The replicas to keep a link to; all others are dropped. */
  | { readonly type: 'links'; readonly to: readonly ReplicaId[] }
  | {
      readonly type: 'writeState';
      readonly proposal: number;
      readonly expectedVersion: number | undefined;
      readonly next: ShardState;
    }
  /** `afterWrite`: the reading is to follow a write of this session, so that it proves what it shows (R7). */
  | { readonly type: 'refreshState'; readonly afterWrite: boolean }
  /** The candidate's znode is to name this history (R3). */
  | { readonly type: 'holds'; readonly history: HistoryId | undefined }
  | {
      readonly type: 'requestSnapshot';
      readonly from: ReplicaId;
      readonly history: HistoryId;
      readonly epoch: Epoch;
      readonly epochId: EpochId;
      readonly number: number;
    }
  | {
      readonly type: 'serveSnapshot';
      readonly to: ReplicaId;
      readonly history: HistoryId;
      readonly epoch: Epoch;
      readonly epochId: EpochId;
      readonly number: number;
      readonly baseSeq: Seq;
      readonly baseEpoch: Epoch;
      readonly baseEpochId: EpochId;
    }
  | { readonly type: 'refuseSnapshot'; readonly to: ReplicaId; readonly number: number }
  | { readonly type: 'roleChanged'; readonly role: RoleName; readonly epoch: Epoch }
  /** Something an operator or a developer may want to read. */
  | { readonly type: 'note'; readonly note: Note }
  /** The shard has moved (R15): nobody needs this copy any more, and nothing is done from here on. */
  | { readonly type: 'released' }
  /** The planned stop is over; `clean` is false if its deadline passed first. */
  | { readonly type: 'stopped'; readonly clean: boolean };

/**
 * Why a member is taken out of the in-sync set: its znode is gone; nothing listens at its address; it answered no beacon, or
 * acknowledged nothing, for a lease; its log cannot be continued; it holds another history; it is told to stop; the shard has
 * moved away from it; it came back with a state that went back, and lacks acknowledged writes.
 */
export type LeaveReason =
  | 'gone'
  | 'refused'
  | 'silent'
  | 'stuck'
  | 'needsDump'
  | 'otherHistory'
  | 'stopping'
  | 'moved'
  | 'lacking';

export interface Removal {
  readonly id: ReplicaId;
  readonly reason: LeaveReason;
}

export type Note =
  | { readonly kind: 'serving'; readonly inSync: readonly ReplicaId[] }
  | { readonly kind: 'membersProposed'; readonly added: readonly ReplicaId[]; readonly removed: readonly Removal[] }
  | { readonly kind: 'inSyncChanged'; readonly inSync: readonly ReplicaId[] }
  | { readonly kind: 'paused' | 'resumed' }
  /** The first in line has heard no beacon for so long, and claims (R4). */
  | { readonly kind: 'claiming'; readonly silentMs: number }
  /** This process did nothing for so long, be it the process itself or the machine: beacons and answers were late. */
  | { readonly kind: 'stalled'; readonly forMs: number }
  | { readonly kind: 'snapshotTaken'; readonly seq: Seq }
  /** No member of the in-sync set lives (R13). `lost` is the set; undefined if ZooKeeper has lost `state`. */
  | { readonly kind: 'offline'; readonly lost: readonly ReplicaId[] | undefined }
  /** `state` is of one history, and this replica holds data of another, which it keeps (R1, R13). */
  | { readonly kind: 'twoHistories'; readonly held: Line; readonly found: Line }
  /** A peer holds data of another history and does not follow (R1). */
  | { readonly kind: 'otherHistory'; readonly peer: ReplicaId; readonly history: HistoryId; readonly epoch: Epoch }
  /** An operator's command has given up the history whose data this replica held: it has discarded it (R13). */
  | { readonly kind: 'historyGivenUp'; readonly held: Line }
  /** ZooKeeper shows an older `state` than it held before: it has lost what was committed (R7, R13). */
  | { readonly kind: 'stateWentBack'; readonly from: ShardState; readonly to: ShardState | undefined }
  | { readonly kind: 'handover'; readonly to: ReplicaId }
  | { readonly kind: 'historyEnded' }
  /** The log write of this replica is overdue (R9). */
  | { readonly kind: 'diskOverdue' };
