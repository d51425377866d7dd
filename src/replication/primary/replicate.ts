/** Replication at the primary: the messages that it sends to its peers, and how it handles their answers (R5, R6, R9, R10). */

import type { Event } from '../protocol/event.js';
import type { ReplicaId } from '../protocol/ids.js';
import { endOf, removalsOf } from '../protocol/lineage.js';
import type { BodyOf, Message } from '../protocol/message.js';
import type { Core } from '../state/core.js';
import { invariant } from '../state/invariant.js';
import { knowsRemovals } from '../state/known-state.js';
import { enterPhase, newPeer, noteProgress, type Peer } from '../state/peer.js';
import { isPlaced } from '../state/placed.js';
import type { Primary } from '../state/role.js';
import { batchFrom, sendBatch } from './append-batch.js';
import { askPeerToFlush } from './flush-request.js';
import { followablePosition, readStored } from './stored-entries.js';

/** A tick sends the next beacon after this part of the beacon interval: see `sendBeacons`. */
const beaconPart = 0.9;
/** After this many beacon intervals an unanswered Sync or invitation, or a batch without progress, begins again with Sync. */
const syncRepeatBeacons = 3;
/** A joiner that has called Dump must begin within this many leases: discarding a large copy takes time. */
const snapshotBeginLeases = 5;
/** A peer that takes a snapshot is sent the log in whole batches, or what this part of a beacon interval has brought. */
const gatheredPart = 1 / 3;
/** Several batches may be in flight while together they are smaller than the largest batch divided by this. */
const smallPart = 4;

/** The peers are all live and all required replicas: a member whose znode is gone must be evicted before it is forgotten. */
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
    role.peers.add(newPeer(id, core.nowMs));
    changed = true;
  }
  for (const { id } of role.peers.values()) {
    if (wanted.has(id)) continue;
    role.peers.remove(id);
    changed = true;
  }
  if (changed) core.emit({ type: 'links', to: role.peers.ids() });
}

export function sendBeacons(core: Core, role: Primary): void {
  if (core.nowMs < role.nextBeaconMs) return;
  // A little less than the interval. Otherwise a tick that comes a little early would leave the beacon to the next tick.
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

/** An outstanding proposal may still succeed, so a peer that it names may not leave (R15). */
function mayLeave(core: Core, peer: Peer): boolean {
  return peer.leaving === true && !peer.admitting && !core.register.required.includes(peer.id);
}

/** Sends the Syncs that are due, once this epoch is durable here: a restarted primary must know its epoch (R8). */
export function syncPeers(core: Core, role: Primary): void {
  if (!core.isEpochDurable) return;
  for (const peer of role.peers.values()) {
    if (!peer.linked) continue;
    if (isSyncDue(core, peer)) sync(core, role, peer);
    else if (peer.retainFromSeq !== undefined) sendAppends(core, peer);
    else if (peer.phase === 'dumpNeeded') maybeInvite(core, peer);
  }
}

function isSyncDue(core: Core, peer: Peer): boolean {
  const { beaconMs, leaseMs } = core.options;
  const repeatAfterMs = syncRepeatBeacons * beaconMs;
  const phaseMs = core.nowMs - peer.phaseSinceMs;
  switch (peer.phase) {
    case 'idle':
      return true;
    case 'syncing':
    case 'invited':
      return phaseMs > repeatAfterMs;
    case 'otherHistory':
      return phaseMs > leaseMs;
    case 'dumping':
      return phaseMs > snapshotBeginLeases * leaseMs;
    case 'replicating':
      return (peer.inFlight.length > 0 && core.nowMs - peer.progressMs > repeatAfterMs) || mustLearnRemovals(core, peer);
    case 'dumpNeeded':
      return false;
  }
}

/** A removal is learned with Sync. A peer that takes a snapshot learns of it afterwards, because a new Sync voids the snapshot. */
function mustLearnRemovals(core: Core, peer: Peer): boolean {
  return peer.retainFromSeq === undefined && !knowsRemovals(core, peer);
}

function sync(core: Core, role: Primary, peer: Peer): void {
  const { line, commitIndex } = core;
  invariant(line !== undefined, 'a primary without data');
  peer.number = ++role.syncNumber;
  peer.syncRemovals = removalsOf(endOf(line));
  // A copy that follows stays complete, unless the peer answers that it needs a snapshot.
  peer.complete &&= peer.phase === 'replicating';
  peer.retainFromSeq = undefined;
  enterPhase(peer, 'syncing', core.nowMs);
  const { timeMs, clock } = core;
  core.send(peer.id, {
    type: 'sync',
    number: peer.number,
    log: followablePosition(core),
    lineage: line.lineage,
    commitIndex,
    timeMs,
    timeOffsetMs: clock.offsetMs,
  });
}

/**
 * Invites a peer to take a snapshot. A member of the required set is evicted first, because it discards its copy (R10). Only
 * replicas on placed nodes are invited (R15).
 */
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
  peer.flushedSeq = 0;
  const { history = '', commitIndex: baseSeq } = core;
  const base = core.log.markAt(baseSeq);
  invariant(base !== undefined, 'the log does not reach down to the commit index');
  invariant(core.appliedSeq === baseSeq, 'a primary has not applied what it has committed');
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
    requests: core.requests.export(baseSeq),
    requestFloor: core.requests.floor,
    timeMs: core.appliedTimeMs,
  });
  return true;
}

export function onSyncAnswer(core: Core, peer: Peer, answer: BodyOf<'syncAnswer'>): void {
  if (answer.number !== peer.number) return;
  if (answer.dumpNeeded) {
    // If the peer was taking a snapshot, that has failed, and everything begins again.
    enterPhase(peer, peer.phase === 'syncing' ? 'dumpNeeded' : 'idle', core.nowMs);
    peer.complete = false;
    peer.retainFromSeq = undefined;
    syncPeers(core, core.role as Primary);
    return;
  }
  if (peer.phase !== 'syncing' && peer.phase !== 'dumping' && peer.phase !== 'invited') return;
  peer.hasOtherHistory = false;
  peer.knownRemovals = peer.syncRemovals;
  enterPhase(peer, 'replicating', core.nowMs);
  noteProgress(peer, answer.matchedSeq, core.log.lastSeq, core.nowMs);
  peer.flushedSeq = answer.matchedSeq - answer.unflushed;
  peer.flushAskedSeq = peer.flushedSeq;
  peer.nextSeq = answer.matchedSeq + 1;
  peer.progressMs = core.nowMs;
  const { baseSeq: throughSeq } = core.log;
  if (peer.nextSeq <= throughSeq) core.note({ kind: 'readsStoredLog', peer: peer.id, fromSeq: peer.nextSeq, throughSeq });
  sendAppends(core, peer);
  if (core.role.kind === 'primary') askPeerToFlush(core, core.role, peer);
}

/**
 * The peer keeps the data of another history (R1). The primary sends Sync again from time to time, because an operator may have
 * given that history up (R13).
 */
export function onOtherHistory(core: Core, peer: Peer, { history, epoch }: Message): void {
  if (!peer.hasOtherHistory) core.note({ kind: 'otherHistory', peer: peer.id, history, epoch });
  peer.hasOtherHistory = true;
  enterPhase(peer, 'otherHistory', core.nowMs);
}

export function onAppendAnswer(core: Core, peer: Peer, answer: BodyOf<'appendAnswer'>): void {
  if (answer.number !== peer.number || peer.phase !== 'replicating') return;
  if (answer.mismatch) return enterPhase(peer, 'idle', core.nowMs);
  peer.flushedSeq = Math.max(peer.flushedSeq, answer.ackedSeq - answer.unflushed);
  if (answer.ackedSeq > peer.ackedSeq) {
    peer.progressMs = core.nowMs;
    noteProgress(peer, answer.ackedSeq, core.log.lastSeq, core.nowMs);
  }
  while (peer.inFlight.length > 0 && peer.inFlight[0]!.end <= peer.ackedSeq) peer.inFlight.shift();
  sendAppends(core, peer);
}

export function onBeaconAnswer(core: Core, role: Primary, peer: Peer, answer: BodyOf<'beaconAnswer'>): void {
  // Answers may overtake each other: a later answer may have taken back what an older one says about leaving.
  if (answer.sentAtMs >= peer.answeredSentMs) peer.leaving = answer.leaving;
  peer.answeredSentMs = Math.max(peer.answeredSentMs, answer.sentAtMs);
  // The answer to a probe renews no loyalty, so it renews no lease either (R9).
  if (!answer.probe && !role.paused) peer.leaseSentMs = Math.max(peer.leaseSentMs, answer.sentAtMs);
  peer.claiming = answer.claiming;
  peer.stopping = answer.stopping;
  if (answer.number !== peer.number) {
    // The peer has ceased to follow this stream since: its claim or its snapshot has failed.
    if (peer.phase === 'replicating' && answer.sentAtMs > peer.phaseSinceMs) enterPhase(peer, 'idle', core.nowMs);
    return;
  }
  peer.complete = answer.complete;
  if (!peer.complete || peer.phase !== 'replicating' || peer.retainFromSeq === undefined) return;
  peer.retainFromSeq = undefined;
  sendAppends(core, peer);
}

/**
 * Keeps a few batches in flight, so that peers work while the primary goes on. Entries appended meanwhile form the next batch
 * (R6). Only small batches are in flight together, because a beacon waits for everything that was sent before it.
 */
export function sendAppends(core: Core, peer: Peer): void {
  const { role } = core;
  while (role.kind === 'primary' && maySendBatch(core, peer)) if (!sendNext(core, role, peer)) return;
}

function maySendBatch(core: Core, peer: Peer): boolean {
  const { log, options } = core;
  if (peer.phase !== 'replicating' || !peer.linked || peer.isReading || peer.nextSeq > log.lastSeq) return false;
  const { inFlight } = peer;
  if (inFlight.length >= options.maxBatchesInFlight || isGathering(core, peer)) return false;
  let bytes = 0;
  for (const batch of inFlight) bytes += batch.bytes;
  return bytes * smallPart < options.maxBatchBytes;
}

/**
 * A peer that takes a snapshot can apply nothing before its end, and no commit waits for it. With a message for each turn it would
 * cost as much as a backup, at a time when it has a snapshot to load.
 */
function isGathering({ log, options, nowMs }: Core, peer: Peer): boolean {
  if (peer.retainFromSeq === undefined || log.lastSeq - peer.nextSeq + 1 >= options.maxBatchEntries) return false;
  return nowMs - peer.progressMs < gatheredPart * options.beaconMs;
}

/** False: nothing more can be sent now. The entries are read from the storage; or they are gone, and Sync will show that. */
function sendNext(core: Core, role: Primary, peer: Peer): boolean {
  const batch = batchFrom(core, role, peer.nextSeq);
  if (batch !== undefined) sendBatch(core, peer, batch);
  else if (!readStored(core, peer, role.epochId)) enterPhase(peer, 'idle', core.nowMs);
  return batch !== undefined;
}
