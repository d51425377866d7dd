/**
 * Effects: what the shell must do for a replica, in the order in which they were emitted.
 *
 * Durability: the shell carries out every `persist` in order, and reports it with `persisted` once it is as durable as the
 * storage promises. An effect that must wait for that is emitted only then, so the shell may send and apply at once. With the option
 * `persistsAtOnce` no `persisted` is reported, and such an effect follows in the same list.
 */

import type { SnapshotItem } from './event.js';
import type { Epoch, EpochId, HistoryId, ReplicaId, Seq } from './ids.js';
import type { Line } from './lineage.js';
import type { LogEntry } from './log-entry.js';
import type { EpochRun } from './log-position.js';
import type { Message } from './message.js';
import type { JudgedAnswer, JudgedRefusal } from './recorded-answer.js';
import type { RecordedRequest } from './request.js';
import type { ShardState } from './shard-state.js';

/** Why a request was not executed, or is not known to have been executed. The same words as the public error codes. */
export type Refusal =
  | 'NOT_PRIMARY'
  | 'TAKEOVER_IN_PROGRESS'
  | 'HANDOVER_IN_PROGRESS'
  | 'LEASE_LAPSED'
  | 'PAUSED'
  | 'TOO_FEW_IN_SYNC'
  | 'OVERLOADED'
  | JudgedRefusal
  | 'REQUEST_TOO_OLD'
  | 'REQUEST_REUSED'
  | 'OUTCOME_UNKNOWN';

/** What the newest write of a key left. */
export interface NewestWrite {
  /** Undefined: the key is deleted. */
  readonly value: Uint8Array | undefined;
  readonly seq: Seq;
  /** The shard's time from which on the key is due (R17). Undefined: never. */
  readonly expiresAtMs?: number | undefined;
}

export type Answer =
  | { readonly kind: 'written'; readonly version: Seq }
  /**
   * Answers an ordered read with what the newest write of the key left, although later entries may have been applied in the same
   * turn. Undefined: no write of the key was under way. Then the shell answers with the stored value, before it handles anything
   * else.
   */
  | { readonly kind: 'readable'; readonly newest: NewestWrite | undefined }
  /**
   * `nothingToDelete`: a delete of a key that does not exist. `transacted`: `version` is that of its entry, 0 if it wrote nothing;
   * `held`: every compare held.
   */
  | Exclude<JudgedAnswer, { kind: 'refused' }>
  /** Of the keys that the shell has reported as due, none is due and has no newer write. If there are some, their delete is `written`. */
  | { readonly kind: 'nothingDue' }
  /** `operation`: the number of the operation of a transaction that was refused. */
  | {
      readonly kind: 'refused';
      readonly refusal: Refusal;
      readonly currentVersion?: Seq;
      readonly operation?: number;
      /** False: an earlier attempt may have been executed (R16). Undefined: as the refusal itself says. */
      readonly isDefinite?: boolean;
      /** With REQUEST_TOO_OLD: a position that the client may name with its next request. */
      readonly position?: { readonly history: HistoryId; readonly seq: Seq };
    }
  | { readonly kind: 'forced'; readonly epoch: Epoch; readonly seqFloor: Seq }
  | { readonly kind: 'notForced'; readonly reason: string };

/** A change to the data that must survive a restart. In memory each change is durable at once. */
export type Change =
  | { readonly type: 'append'; readonly entries: readonly LogEntry[]; readonly runs: readonly EpochRun[] }
  | { readonly type: 'truncate'; readonly afterSeq: Seq }
  /** `removals`: how many removals from the in-sync set the replica knows of in this epoch (R7). */
  | {
      readonly type: 'epoch';
      readonly history: HistoryId;
      readonly epoch: Epoch;
      readonly epochId: EpochId;
      readonly removals: number;
    }
  /** The line that the data belongs to from now on (R1). */
  | { readonly type: 'line'; readonly line: Line }
  /** Discards store, log, recognised requests and line. While `complete` is false the copy must not be used (R10). */
  | {
      readonly type: 'reset';
      readonly baseSeq: Seq;
      readonly baseEpoch: Epoch;
      readonly baseEpochId: EpochId;
      readonly complete: boolean;
      /** Of the recognised requests (R16). */
      readonly requestFloor: Seq;
      /** The latest time that an entry up to the base shows (R17). */
      readonly timeMs: number;
    }
  /** The log now consists of these entries above `baseSeq`; the store stays as it is, but recognises no request, with its floor at `baseSeq` (R13, R16). */
  | {
      readonly type: 'rebase';
      readonly baseSeq: Seq;
      readonly baseEpoch: Epoch;
      readonly baseEpochId: EpochId;
      readonly entries: readonly LogEntry[];
    }
  | { readonly type: 'load'; readonly items: readonly SnapshotItem[] }
  | { readonly type: 'loadRequests'; readonly requests: readonly RecordedRequest[] }
  /**
   * The copy is complete. The items of the snapshot may be as new as the newest applied entry, so a restart must find at least
   * that entry applied.
   */
  | { readonly type: 'complete' }
  /**
   * The time of the shard was this (R17). It follows the change before it, so that keys do not live anew after a power loss. It needs
   * no flush of its own: if the last one is lost, keys live longer by the time since the one before.
   * `isCorrection`: this time is lower than the one before it, which is void. It must be as durable as any other change.
   */
  | { readonly type: 'time'; readonly timeMs: number; readonly isCorrection: boolean };

export type RoleName = 'primary' | 'backup' | 'joiner' | 'claimant';

export type Effect =
  | { readonly type: 'persist'; readonly write: number; readonly change: Change }
  /** Only with `reportsFlushes`: a call waits until everything that was persisted before is flushed, so that must begin at once. */
  | { readonly type: 'flushLog' }
  /** Committed entries, in order. The store skips an entry older than its record of the key: a snapshot may be ahead. */
  | { readonly type: 'apply'; readonly entries: readonly LogEntry[] }
  /** There is more to apply: report `applyRest` once the event loop has handled what is waiting. */
  | { readonly type: 'applyLater' }
  | { readonly type: 'answer'; readonly token: unknown; readonly answer: Answer }
  /** This primary has committed the delete of keys that were due: for each, how long after that, by the time of the shard (R17). */
  | { readonly type: 'expired'; readonly lagsMs: readonly number[] }
  | { readonly type: 'send'; readonly message: Message }
  /** The replicas to keep a link to; the shell drops all other links. */
  | { readonly type: 'links'; readonly to: readonly ReplicaId[] }
  | {
      readonly type: 'writeState';
      readonly proposal: number;
      readonly expectedVersion: number | undefined;
      readonly next: ShardState;
    }
  /** Read `state` again. `afterWrite`: the read must follow a write of this session, so that it proves what it shows (R7). */
  | { readonly type: 'refreshState'; readonly afterWrite: boolean }
  /** This replica's election znode must name this history (R3). */
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
      /** The recognised requests as of the base position, and their floor (R16). */
      readonly requests: readonly RecordedRequest[];
      readonly requestFloor: Seq;
      /** The latest time that an entry up to the base shows (R17). */
      readonly timeMs: number;
    }
  | { readonly type: 'refuseSnapshot'; readonly to: ReplicaId; readonly number: number }
  /**
   * A peer lacks entries that are only in the storage (R10): read them from `firstSeq` on, at most to `throughSeq`, and report `logRead`
   * or `logUnavailable`. They are committed.
   */
  | {
      readonly type: 'readLog';
      readonly to: ReplicaId;
      readonly epochId: EpochId;
      readonly number: number;
      readonly firstSeq: Seq;
      readonly throughSeq: Seq;
      /** Bounds on what is read; at least one entry. */
      readonly maxEntries: number;
      readonly maxBytes: number;
    }
  | { readonly type: 'roleChanged'; readonly role: RoleName; readonly epoch: Epoch }
  /** A fact for the log, for operators and developers. */
  | { readonly type: 'note'; readonly note: Note }
  /** The shard has moved (R15): this copy is not needed any more. The replica emits nothing after this. */
  | { readonly type: 'released' }
  /** The planned stop is over; `clean` is false if its deadline passed first. The replica emits nothing after this. */
  | { readonly type: 'stopped'; readonly clean: boolean };

/**
 * Why a member is evicted. gone: its znode is gone. refused: nothing listens at its address. silent: it has answered no beacon
 * for a lease. stuck: it has acknowledged nothing for a lease. needsDump: its log cannot be continued, so it needs a snapshot.
 * otherHistory: it holds another history. stopping: its node is stopping. moved: the shard has moved away from its node.
 * lacking: it came back with an older state, and lacks acknowledged writes. The log shows these words to operators.
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

/** A fact for the log. */
export type Note =
  | { readonly kind: 'serving'; readonly inSync: readonly ReplicaId[] }
  | { readonly kind: 'membersProposed'; readonly added: readonly ReplicaId[]; readonly removed: readonly Removal[] }
  | { readonly kind: 'inSyncChanged'; readonly inSync: readonly ReplicaId[] }
  | { readonly kind: 'paused' | 'resumed' }
  /** This replica has received no beacon for `silentMs`, and claims (R4). */
  | { readonly kind: 'claiming'; readonly silentMs: number }
  /** This process or its machine stood still for `forMs`: beacons and answers were late. */
  | { readonly kind: 'stalled'; readonly forMs: number }
  | { readonly kind: 'snapshotTaken'; readonly seq: Seq }
  /** A peer lacks entries from `fromSeq` on, which this primary reads from its storage up to `throughSeq` (R10). */
  | { readonly kind: 'readsStoredLog'; readonly peer: ReplicaId; readonly fromSeq: Seq; readonly throughSeq: Seq }
  /** The storage does not have them any more, or cannot read them: the peer takes a snapshot. */
  | { readonly kind: 'storedLogUnavailable'; readonly peer: ReplicaId; readonly fromSeq: Seq }
  /** No member of the in-sync set lives (R13). `lost` is the set; undefined if ZooKeeper has lost `state`. */
  | { readonly kind: 'offline'; readonly lost: readonly ReplicaId[] | undefined }
  /** `state` names the history `found`; this replica holds data of another one, which it keeps (R1, R13). */
  | { readonly kind: 'twoHistories'; readonly held: Line; readonly found: Line }
  /** A peer holds data of another history, and does not follow this primary (R1). */
  | { readonly kind: 'otherHistory'; readonly peer: ReplicaId; readonly history: HistoryId; readonly epoch: Epoch }
  /** An operator's command has given up the history whose data this replica held. The replica has discarded the data (R13). */
  | { readonly kind: 'historyGivenUp'; readonly held: Line }
  /** ZooKeeper shows an older `state` than it held before: it has lost what was committed (R7, R13). */
  | { readonly kind: 'stateWentBack'; readonly from: ShardState; readonly to: ShardState | undefined }
  | { readonly kind: 'handover'; readonly to: ReplicaId }
  | { readonly kind: 'historyEnded' }
  /** The log write of this replica is overdue (R9). */
  | { readonly kind: 'diskOverdue' };
