/**
 * The three roles of a replica. State that only one role has is only in its variant. Only `transitions.ts` changes roles.
 *
 * Backup and joiner are no roles: the in-sync set decides which of them a follower is.
 */

import type { CandidateFact } from '../protocol/event.js';
import type { Epoch, EpochId, ReplicaId, Seq } from '../protocol/ids.js';
import type { EpochMark } from '../protocol/lineage.js';
import type { LogEntry } from '../protocol/log-entry.js';
import type { BodyOf } from '../protocol/message.js';
import type { Peers } from './peers.js';
import type { Waiters } from './waiters.js';

/** Agreement with the primary's log, established by Sync number `number` and extended by each Append (R5). */
export interface FollowedStream {
  readonly number: number;
  /** The log agrees with the primary's up to here; the commit index counts no further. */
  verifiedSeq: Seq;
  /** Highest seq acknowledged on this stream. */
  ackedSeq: Seq;
  /** Highest seq that was reported on it as flushed. */
  flushedSeq: Seq;
  /** The answer to Sync is sent once this write is durable; undefined: it was sent. */
  answerAfterWrite: number | undefined;
}

export interface SnapshotInProgress {
  readonly number: number;
  /** Known once the last chunk has arrived. The copy is complete when it is applied up to there. */
  endCommitIndex: Seq | undefined;
  /** More of the log is to be applied over the snapshot, in a later turn. */
  appliesLater: boolean;
}

export interface Follower {
  readonly kind: 'follower';
  /** The replica whose messages of this epoch have arrived. */
  primary: ReplicaId | undefined;
  /** The epochs that led to this one, as the newest Sync names them. Empty: this role has received no Sync. */
  lineage: readonly EpochMark[];
  /** From the primary's clock to the shard's time (R17), as the newest Sync says. Undefined: this role has received no Sync. */
  timeOffsetMs: number | undefined;
  stream: FollowedStream | undefined;
  snapshot: SnapshotInProgress | undefined;
}

/** The role from before a claim is sent until it has definitely failed (R4). Also for a birth and the operator's command. */
export interface Claimant {
  readonly kind: 'claimant';
  readonly epoch: Epoch;
  readonly epochId: EpochId;
  /** Token of the operator's command, which must be answered; undefined for a claim or birth. */
  readonly forceToken: unknown;
}

export interface Handover {
  readonly successor: ReplicaId;
  /** draining: new writes are refused. proposed: reads are refused, too. */
  stage: 'draining' | 'proposed';
}

/** Entries for a peer. */
export interface AppendBatch {
  readonly append: Omit<BodyOf<'append'>, 'type' | 'number' | 'commitIndex' | 'flush'>;
  /** Seq of the last entry. */
  readonly end: Seq;
  /** Estimated memory of the entries. */
  readonly bytes: number;
  /** The end of the log when the batch was made: with a longer log a batch may hold more. */
  readonly logEnd: Seq;
}

export interface Primary {
  readonly kind: 'primary';
  readonly epoch: Epoch;
  readonly epochId: EpochId;
  readonly sinceMs: number;
  readonly peers: Peers;
  /** The lists from which `peers` was made. Most of the time neither has changed. */
  peersOf: { readonly candidates: readonly CandidateFact[]; readonly required: readonly ReplicaId[] } | undefined;
  /** End of the log at takeover: these entries need the whole required set, but not `minInSync` (R5). */
  readonly takeoverEnd: Seq;
  /** It does not serve before this time: its predecessor may hold a lease that this replica has granted (R4). */
  readonly servesFromMs: number;
  serving: boolean;
  paused: boolean;
  nextBeaconMs: number;
  /** Number of the last Sync sent to any peer, so that a peer that is forgotten and returns receives no number twice. */
  syncNumber: number;
  readonly waiters: Waiters;
  /** Flushes of the entries up to here have been asked for. */
  flushAskedSeq: Seq;
  /** The batch that was made last: the other peers are nearly always sent the same. */
  lastBatch: AppendBatch | undefined;
  /** By key: its newest uncommitted entry. */
  readonly uncommitted: Map<string, LogEntry>;
  /** By seq of the uncommitted entry that deletes them: when these keys were due (R17). */
  readonly expiring: Map<Seq, readonly number[]>;
  /** Bytes of the entries above the commit index. */
  uncommittedBytes: number;
  /** Entries up to here have been passed to storage. */
  persistedSeq: Seq;
  handover: Handover | undefined;
  /** The preferred primary (R15), and since when it could have taken over without a break. */
  preferred: { readonly id: ReplicaId; readonly sinceMs: number } | undefined;
  /** The operator's command to give up other histories, until `state` names them (R13). */
  givesUp: { readonly ids: readonly string[]; readonly token: unknown } | undefined;
  /** The end of the history has been proposed and may yet succeed (R13). */
  ending: boolean;
}

export type Role = Follower | Claimant | Primary;

export function newFollower(): Follower {
  return { kind: 'follower', primary: undefined, lineage: [], timeOffsetMs: undefined, stream: undefined, snapshot: undefined };
}
