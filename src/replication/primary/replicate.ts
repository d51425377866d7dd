/** What a primary sends to its peers, and what it makes of their answers (R5, R6, R9, R10). */

import type { Event } from '../protocol/event.js';
import type { ReplicaId, Seq } from '../protocol/ids.js';
import { entryBytes } from '../protocol/log-entry.js';
import type { BodyOf, Message } from '../protocol/message.js';
import type { Core } from '../state/core.js';
import { invariant } from '../state/invariant.js';
import { enterPhase, newPeer, noteProgress, type Peer } from '../state/peer.js';
import { isPlaced } from '../state/placed.js';
import type { Primary } from '../state/role.js';

/** Of an interval, after which a tick sends the next beacon. */
const beaconPart = 0.9;
/** Beacon intervals after which an unanswered Sync, or a batch or snapshot without progress, is begun again. */
const syncRepeatBeacons = 3;
/** Leases within which a joiner that has called Dump says that it has begun: discarding a large copy takes time. */
const snapshotBeginLeases = 5;
/** Batches are in flight together as long as they are less than this part of the largest that may be. */
const smallPart = 4;

/** Everyone live, and everyone required: a member whose znode is gone must be evicted before it is forgotten. */
export function refreshPeers(core: Core, role: Primary): void {
  const { required } = core.register;
  const { peersOf } = role;
  if (peersOf?.candidates === core.candidates && peersOf.required === required) return;
  role.peersOf = { candidates: core.candidates, required };
  const wanted = new Set([...core.candidates.map((candidate) => candidate.replicaId), ...required]);
  wanted.delete(core.self);
  let changed = false;
  for (const id of [...wanted].sort()) {
    if (role.peers.has(id)) continue;
    role.peers.set(id, newPeer(id, core.nowMs));
    changed = true;
  }
  for (const id of role.peers.keys()) {
    if (!wanted.has(id)) changed = role.peers.delete(id) || changed;
  }
  if (changed) core.emit({ type: 'links', to: [...role.peers.keys()].sort() });
}

export function sendBeacons(core: Core, role: Primary): void {
  if (core.nowMs < role.nextBeaconMs) return;
  // A little less, or a tick that comes a little early would leave the next beacon to the tick after it.
  role.nextBeaconMs = core.nowMs + beaconPart * core.options.beaconMs;
  for (const peer of role.peers.values()) if (peer.linked) sendBeacon(core, role, peer);
}

export function sendBeacon(core: Core, role: Primary, peer: Peer): void {
  core.send(peer.id, {
    type: 'beacon',
    sentAtMs: core.nowMs,
    probe: role.paused,
    commitIndex: core.commitIndex,
    stopping: core.stopping !== undefined,
    mayLeaveMs: mayLeave(core, peer) ? peer.answeredSentMs : 0,
  });
}

/** What it has proposed may come true late: one that is named there stays (R15). */
function mayLeave(core: Core, peer: Peer): boolean {
  return peer.leaving === true && !peer.admitting && !core.register.required.includes(peer.id);
}

/** Starts whoever is not replicating, once this epoch is durable here (R8: a restarted primary must know it had it). */
export function syncPeers(core: Core, role: Primary): void {
  if (!core.isEpochDurable) return;
  const repeatAfterMs = syncRepeatBeacons * core.options.beaconMs;
  for (const peer of role.peers.values()) {
    if (!peer.linked) continue;
    const phaseMs = core.nowMs - peer.phaseSinceMs;
    const stalled = phaseMs > repeatAfterMs;
    if (peer.phase === 'idle' || (stalled && (peer.phase === 'syncing' || peer.phase === 'invited'))) sync(core, role, peer);
    else if (peer.phase === 'otherHistory' && phaseMs > core.options.leaseMs) sync(core, role, peer);
    else if (peer.phase === 'dumping' && phaseMs > snapshotBeginLeases * core.options.leaseMs) sync(core, role, peer);
    else if (peer.phase === 'replicating' && peer.inFlight.length > 0 && core.nowMs - peer.progressMs > repeatAfterMs)
      sync(core, role, peer);
    else if (peer.phase === 'dumpNeeded') maybeInvite(core, peer);
  }
}

function sync(core: Core, role: Primary, peer: Peer): void {
  peer.number = ++role.syncNumber;
  peer.complete = false;
  peer.retainFromSeq = undefined;
  enterPhase(peer, 'syncing', core.nowMs);
  const { log, line, commitIndex } = core;
  invariant(line !== undefined, 'a primary without data');
  core.send(peer.id, { type: 'sync', number: peer.number, log: log.position, lineage: line.lineage, commitIndex });
}

/** A member of the required set is evicted first: it gives up its copy (R10). Others are given one where it belongs (R15). */
function maybeInvite(core: Core, peer: Peer): void {
  if (core.register.required.includes(peer.id)) return;
  if (!isPlaced(core, peer.id) || core.candidates.some(({ replicaId, full }) => replicaId === peer.id && full)) return;
  enterPhase(peer, 'invited', core.nowMs);
  core.send(peer.id, { type: 'dumpInvite', number: peer.number });
}

/** A joiner calls Dump. It is refused if the call is of another epoch, or not the one to which the joiner was invited. */
export function onSnapshotRequested(core: Core, event: Extract<Event, { type: 'snapshotRequested' }>): void {
  const { role } = core;
  const { from, number } = event;
  const isOfEpoch = role.kind === 'primary' && role.epochId === event.epochId;
  const accepted = isOfEpoch && serveSnapshot(core, role, from, number);
  if (!accepted) core.emit({ type: 'refuseSnapshot', to: from, number });
}

/** The log that follows the snapshot starts at the commit index as it was before the first chunk (R10). */
function serveSnapshot(core: Core, role: Primary, from: ReplicaId, number: number): boolean {
  const peer = role.peers.get(from);
  if (peer === undefined || peer.phase !== 'invited' || peer.number !== number) return false;
  enterPhase(peer, 'dumping', core.nowMs);
  peer.retainFromSeq = core.commitIndex + 1;
  peer.ackedSeq = 0;
  const { history = '', commitIndex: baseSeq } = core;
  const base = core.log.markAt(baseSeq);
  invariant(base !== undefined, 'the log does not reach down to the commit index');
  const { epoch, epochId } = role;
  core.emit({
    type: 'serveSnapshot',
    to: from,
    history,
    epoch,
    epochId,
    number,
    baseSeq,
    baseEpoch: base.epoch,
    baseEpochId: base.id,
  });
  return true;
}

export function onSyncAnswer(core: Core, peer: Peer, answer: BodyOf<'syncAnswer'>): void {
  if (answer.number !== peer.number) return;
  if (answer.dumpNeeded) {
    // From a peer that was dumping: its snapshot has failed, and everything begins again.
    enterPhase(peer, peer.phase === 'syncing' ? 'dumpNeeded' : 'idle', core.nowMs);
    peer.retainFromSeq = undefined;
    syncPeers(core, core.role as Primary);
    return;
  }
  if (peer.phase !== 'syncing' && peer.phase !== 'dumping' && peer.phase !== 'invited') return;
  peer.hasOtherHistory = false;
  enterPhase(peer, 'replicating', core.nowMs);
  noteProgress(peer, answer.matchedSeq, core.log.lastSeq, core.nowMs);
  peer.nextSeq = answer.matchedSeq + 1;
  peer.progressMs = core.nowMs;
  sendAppends(core, peer);
}

/** It keeps the data of another history (R1). Asked again from time to time: an operator may have given that up (R13). */
export function onOtherHistory(core: Core, peer: Peer, { history, epoch }: Message): void {
  if (!peer.hasOtherHistory) core.note({ kind: 'otherHistory', peer: peer.id, history, epoch });
  peer.hasOtherHistory = true;
  enterPhase(peer, 'otherHistory', core.nowMs);
}

export function onAppendAnswer(core: Core, peer: Peer, answer: BodyOf<'appendAnswer'>): void {
  if (answer.number !== peer.number || peer.phase !== 'replicating') return;
  if (answer.mismatch) return enterPhase(peer, 'idle', core.nowMs);
  if (answer.ackedSeq > peer.ackedSeq) {
    peer.progressMs = core.nowMs;
    noteProgress(peer, answer.ackedSeq, core.log.lastSeq, core.nowMs);
  }
  peer.inFlight = peer.inFlight.filter(({ end }) => end > peer.ackedSeq);
  sendAppends(core, peer);
}

export function onBeaconAnswer(core: Core, role: Primary, peer: Peer, answer: BodyOf<'beaconAnswer'>): void {
  // Answers may overtake each other: what an older one says of leaving has been taken back, maybe.
  if (answer.sentAtMs >= peer.answeredSentMs) peer.leaving = answer.leaving;
  peer.answeredSentMs = Math.max(peer.answeredSentMs, answer.sentAtMs);
  // A probe renews nobody's loyalty, so it renews no lease either (R9).
  if (!answer.probe && !role.paused) peer.leaseSentMs = Math.max(peer.leaseSentMs, answer.sentAtMs);
  peer.claiming = answer.claiming;
  peer.stopping = answer.stopping;
  if (answer.number !== peer.number) {
    // It followed this stream when the beacon was sent, and does not any more: a claim or a snapshot of it has failed.
    if (peer.phase === 'replicating' && answer.sentAtMs > peer.phaseSinceMs) enterPhase(peer, 'idle', core.nowMs);
    return;
  }
  peer.complete = answer.complete;
  if (peer.complete && peer.phase === 'replicating') peer.retainFromSeq = undefined;
}

/**
 * A few batches in flight, so that peers work while the primary goes on; what is appended beyond forms the next (R6). Only
 * small ones: a beacon waits for what was sent before it.
 */
export function sendAppends(core: Core, peer: Peer): void {
  while (maySendBatch(core, peer)) if (!sendBatch(core, peer)) return;
}

function maySendBatch({ log, options }: Core, peer: Peer): boolean {
  if (peer.phase !== 'replicating' || !peer.linked || peer.nextSeq > log.lastSeq) return false;
  const { inFlight } = peer;
  if (inFlight.length >= options.maxBatchesInFlight) return false;
  return inFlight.reduce((bytes, batch) => bytes + batch.bytes, 0) * smallPart < options.maxBatchBytes;
}

/** False if what the peer lacks is no longer retained: Sync will show that it needs a snapshot. */
function sendBatch(core: Core, peer: Peer): boolean {
  const prevSeq: Seq = peer.nextSeq - 1;
  const prev = core.log.markAt(prevSeq);
  if (prev === undefined) {
    enterPhase(peer, 'idle', core.nowMs);
    return false;
  }
  const { maxBatchEntries, maxBatchBytes } = core.options;
  const entries = core.log.slice(peer.nextSeq, maxBatchEntries, maxBatchBytes);
  peer.nextSeq += entries.length;
  const end = peer.nextSeq - 1;
  peer.inFlight = [...peer.inFlight, { end, bytes: entries.reduce((bytes, entry) => bytes + entryBytes(entry), 0) }];
  peer.keepsUp = end === core.log.lastSeq;
  peer.progressMs = core.nowMs;
  peer.behindSinceMs ??= core.nowMs;
  const runs = core.log.runsOf(prevSeq + 1, end);
  const { number } = peer;
  const { commitIndex } = core;
  core.send(peer.id, {
    type: 'append',
    number,
    prevSeq,
    prevEpoch: prev.epoch,
    prevEpochId: prev.id,
    runs,
    entries,
    commitIndex,
  });
  return true;
}
