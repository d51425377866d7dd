/**
 * The three roles of a replica. What only one role has lives only in its variant; `transitions.ts` alone changes roles.
 *
 * Whether a follower is a backup or a joiner is not a role: it follows from the in-sync set.
 */

import type { CandidateFact } from '../protocol/event.js';
import type { Epoch, EpochId, ReplicaId, Seq } from '../protocol/ids.js';
import type { EpochMark } from '../protocol/lineage.js';
import type { LogEntry } from '../protocol/log-entry.js';
import type { Peer } from './peer.js';
import type { Waiters } from './waiters.js';

/** Agreement with the primary's log, established by Sync number `number` and extended by each Append (R5). */
export interface FollowedStream {
  readonly number: number;
  /** The log is the primary's up to here; the commit index counts no further. */
  verifiedSeq: Seq;
  /** Highest seq acknowledged on this stream. */
  ackedSeq: Seq;
  /** The answer to Sync goes out once this write is durable; undefined when it has. */
  answerAfterWrite: number | undefined;
}

export interface SnapshotInProgress {
  readonly number: number;
  /** Known once the last chunk has come: complete when applied up to there. */
  endCommitIndex: Seq | undefined;
}

export interface Follower {
  readonly kind: 'follower';
  /** Whose messages of this epoch have been seen. */
  primary: ReplicaId | undefined;
  /** The epochs that led to this one, as its newest Sync names them. */
  lineage: readonly EpochMark[];
  stream: FollowedStream | undefined;
  snapshot: SnapshotInProgress | undefined;
}

/** From before a claim is sent until it has definitely failed (R4). Also for a birth and for the operator's command. */
export interface Claimant {
  readonly kind: 'claimant';
  readonly epoch: Epoch;
  readonly epochId: EpochId;
  /** Of the operator's command, to be answered. */
  readonly forceToken: unknown;
}

export interface Handover {
  readonly successor: ReplicaId;
  /** draining: new writes are refused. proposed: reads too. */
  stage: 'draining' | 'proposed';
}

export interface Primary {
  readonly kind: 'primary';
  readonly epoch: Epoch;
  readonly epochId: EpochId;
  readonly sinceMs: number;
  readonly peers: Map<ReplicaId, Peer>;
  /** The lists that the peers are those of; most of the time both are still the same. */
  peersOf: { readonly candidates: readonly CandidateFact[]; readonly required: readonly ReplicaId[] } | undefined;
  /** End of the log at takeover: these entries need the whole required set, but not `minInSync` (R5). */
  readonly takeoverEnd: Seq;
  /** Not before: a lease that this replica has granted to its predecessor may still run (R4). */
  readonly servesFromMs: number;
  serving: boolean;
  paused: boolean;
  nextBeaconMs: number;
  /** Number of the last Sync sent to anyone: a peer that is forgotten and comes back gets none that it has had. */
  syncNumber: number;
  readonly waiters: Waiters;
  /** The newest uncommitted entry of a key. */
  readonly uncommitted: Map<string, LogEntry>;
  /** Bytes of the entries above the commit index. */
  uncommittedBytes: number;
  /** Entries up to here have been handed to storage. */
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
  return { kind: 'follower', primary: undefined, lineage: [], stream: undefined, snapshot: undefined };
}
