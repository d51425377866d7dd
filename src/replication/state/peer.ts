/** What a primary knows of another replica in the primary's epoch. */
import type { ReplicaId, Seq } from '../protocol/ids.js';

/**
 * idle: the primary has to send Sync. syncing: Sync was sent and not answered. replicating: both logs agree up to `ackedSeq`.
 * dumpNeeded: the logs have no common position; the peer is invited once it is out of the required set. invited: the peer is
 * to call Dump. dumping: it has called, and has not confirmed the base of its snapshot yet. otherHistory: the peer keeps the
 * data of another history (R1). The node status shows these words, so they keep their names.
 */
export type PeerPhase = 'idle' | 'syncing' | 'replicating' | 'dumpNeeded' | 'invited' | 'dumping' | 'otherHistory';

interface Batch {
  /** Seq of the last entry. */
  readonly end: Seq;
  readonly bytes: number;
}

export interface Peer {
  readonly id: ReplicaId;
  linked: boolean;
  /** Nothing listens at its address any more, or the node holds another replica. */
  refused: boolean;
  phase: PeerPhase;
  phaseSinceMs: number;
  /** Since when the peer lacks entries and makes no progress, however often Sync is repeated; undefined: it lacks none. */
  behindSinceMs: number | undefined;
  /** Its last batch reached the end of the log: it is at most one round trip behind. */
  keepsUp: boolean;
  /** It has answered so since it last followed. The note for the log is emitted once. */
  hasOtherHistory: boolean;
  /** A joiner whose acknowledgements and lease are required, before its addition is proposed (R10). */
  admitting: boolean;
  /** Number of the last Sync sent to this peer. */
  number: number;
  /** The removals of this epoch that this Sync counts (R7). */
  syncRemovals: number;
  /** The removals of this epoch that the peer has learned of, as durably as promised. */
  knownRemovals: number;
  /** The peer holds everything up to here, as durably as promised; 0 before it has synced in this epoch. */
  ackedSeq: Seq;
  /** It has flushed everything up to here; at most `ackedSeq`. */
  flushedSeq: Seq;
  /** It was asked on this stream to flush everything up to here. */
  flushAskedSeq: Seq;
  /** Next entry to send; > ackedSeq. */
  nextSeq: Seq;
  /** The next entry to send is being read from the storage. */
  isReading: boolean;
  /** Batches that are not acknowledged, oldest first. */
  inFlight: Batch[];
  /** When the last batch was sent, or the last progress on those in flight. */
  progressMs: number;
  /** When the latest answered beacon was handed over for sending (R9). */
  leaseSentMs: number;
  /** The same for beacons and probes alike: a sign of life, which renews no lease. */
  answeredSentMs: number;
  /** The last answer came from a replica whose claim may yet succeed. */
  claiming: boolean;
  stopping: boolean;
  /** Whether the answer to the newest beacon asked to leave (R15); undefined: the peer has answered no beacon yet. */
  leaving: boolean | undefined;
  /** Its copy is usable: no snapshot is being written to its store. */
  complete: boolean;
  /** While the peer takes a snapshot: entries from here on must be retained (R10). */
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
    syncRemovals: 0,
    knownRemovals: 0,
    ackedSeq: 0,
    flushedSeq: 0,
    flushAskedSeq: 0,
    nextSeq: 1,
    isReading: false,
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
  peer.isReading = false;
}

/** Records that a replicating peer holds everything up to `ackedSeq` of a log that ends at `lastSeq`. */
export function noteProgress(peer: Peer, ackedSeq: Seq, lastSeq: Seq, nowMs: number): void {
  if (ackedSeq > peer.ackedSeq && peer.behindSinceMs !== undefined) peer.behindSinceMs = nowMs;
  peer.ackedSeq = ackedSeq;
  if (ackedSeq < lastSeq) return;
  peer.behindSinceMs = undefined;
  peer.keepsUp = true;
}
