/** What a primary knows of another replica, in its present epoch. */
import type { ReplicaId, Seq } from '../protocol/ids.js';

/**
 * idle: Sync has to be sent. syncing: sent, not answered. replicating: both logs agree up to `ackedSeq`.
 * dumpNeeded: no common position; to be invited, once it is out of the required set. invited: to call Dump. dumping: it
 * has, and its Sync has not been confirmed at the snapshot's base yet. otherHistory: it keeps the data of another history (R1).
 */
export type PeerPhase = 'idle' | 'syncing' | 'replicating' | 'dumpNeeded' | 'invited' | 'dumping' | 'otherHistory';

interface Batch {
  /** Its last entry. */
  readonly end: Seq;
  readonly bytes: number;
}

export interface Peer {
  readonly id: ReplicaId;
  linked: boolean;
  /** Nothing listens there any more, or it is another replica. */
  refused: boolean;
  phase: PeerPhase;
  phaseSinceMs: number;
  /** Since when it lacks something without coming any closer, however often Sync is repeated; undefined: in step. */
  behindSinceMs: number | undefined;
  /** Its last batch took all there was: it is no more than one round trip behind. */
  keepsUp: boolean;
  /** It has said so since it last followed: noted once. */
  hasOtherHistory: boolean;
  /** A joiner whose acknowledgements and lease are required, before its addition is proposed (R10). */
  admitting: boolean;
  /** Number of the last Sync sent; grows by one with each. */
  number: number;
  /** Everything up to here is held by the peer, as durably as promised; 0 before it has synced in this epoch. */
  ackedSeq: Seq;
  /** Next entry to send; > ackedSeq. */
  nextSeq: Seq;
  /** Batches that are not acknowledged, oldest first. */
  inFlight: readonly Batch[];
  /** When the last batch was sent, or the last progress on those in flight. */
  progressMs: number;
  /** When the latest answered beacon was handed over for sending (R9). */
  leaseSentMs: number;
  /** The same for beacons and probes alike: a sign of life, which renews nothing. */
  answeredSentMs: number;
  /** The last answer came from a replica whose claim may yet succeed. */
  claiming: boolean;
  stopping: boolean;
  /** What the answer to the newest beacon said of that (R15); undefined: it has answered none since it is known here. */
  leaving: boolean | undefined;
  /** Its copy is usable: no snapshot is being laid. */
  complete: boolean;
  /** While a snapshot is on its way: entries from here on must be retained (R10). */
  retainFromSeq: Seq | undefined;
}

export function newPeer(id: ReplicaId, nowMs: number): Peer {
  return {
    id,
    linked: false,
    refused: false,
    phase: 'idle',
    phaseSinceMs: nowMs,
    behindSinceMs: nowMs,
    keepsUp: false,
    hasOtherHistory: false,
    admitting: false,
    number: 0,
    ackedSeq: 0,
    nextSeq: 1,
    inFlight: [],
    progressMs: nowMs,
    leaseSentMs: Number.NEGATIVE_INFINITY,
    answeredSentMs: nowMs,
    claiming: false,
    stopping: false,
    leaving: undefined,
    complete: false,
    retainFromSeq: undefined,
  };
}

export function enterPhase(peer: Peer, phase: PeerPhase, nowMs: number): void {
  if (peer.phase === 'replicating') peer.behindSinceMs ??= nowMs;
  peer.phase = phase;
  peer.keepsUp = false;
  peer.phaseSinceMs = nowMs;
  peer.inFlight = [];
}

/** A replicating peer holds everything up to `ackedSeq`, of a log that ends at `lastSeq`. */
export function noteProgress(peer: Peer, ackedSeq: Seq, lastSeq: Seq, nowMs: number): void {
  if (ackedSeq > peer.ackedSeq && peer.behindSinceMs !== undefined) peer.behindSinceMs = nowMs;
  peer.ackedSeq = ackedSeq;
  if (ackedSeq < lastSeq) return;
  peer.behindSinceMs = undefined;
  peer.keepsUp = true;
}
