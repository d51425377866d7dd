/**
 * Quiescence: the fast path of a replica for which nothing is under way.
 *
 * A replica is quiescent when no member lags behind and every copy is where the shard belongs. As long as each beacon is
 * answered, a tick, a beacon and the answer to a beacon then change nothing but times. Most of a node's shards are quiescent
 * most of the time, so these three events skip the steps that would find nothing to do. The result is the same.
 *
 * A replica becomes quiescent with a tick that has run every step and found nothing to do. Every other event ends the
 * quiescence, and so does a message with new content.
 */

import { answerBeacon, followTime } from './follower/follower.js';
import { claimDelayMs } from './follower/succession.js';
import { sendBeacons } from './primary/replicate.js';
import type { Event } from './protocol/event.js';
import type { ReplicaId } from './protocol/ids.js';
import type { BodyOf, Message } from './protocol/message.js';
import { epochIdOf, isEnded, type ShardState } from './protocol/shard-state.js';
import { noticeStall } from './stall.js';
import type { Core } from './state/core.js';
import type { Peer } from './state/peer.js';
import { isPlaced } from './state/placed.js';
import type { Follower, Primary } from './state/role.js';
import { maybeLogTime } from './time-log.js';

export function isCoreQuiescent(core: Core): boolean {
  const { register, durability, role, epoch } = core;
  if (core.stopped || core.stopping !== undefined || register.proposal !== undefined) return false;
  if (!register.isFresh || register.isContradicted) return false;
  if (durability.oldestStartedMs !== undefined || !core.isEpochDurable || core.commitIndex < core.log.lastSeq) return false;
  const { state } = register;
  if (state === undefined || isEnded(state) || state.epoch !== epoch || epochIdOf(state) !== core.epochId) return false;
  if (role.kind === 'primary') return isPrimaryQuiescent(core, role, state);
  return role.kind === 'follower' && isFollowerQuiescent(core, role, state);
}

function isFollowerQuiescent(core: Core, role: Follower, { primary }: ShardState): boolean {
  // It is to claim, and may do so earlier than others (R4).
  if (primary === core.self) return false;
  // A log above its bound is shortened with every beacon, a part at a time.
  const isCompact = core.log.bytes <= core.options.retainBytes;
  return core.offlineSinceMs === undefined && core.isDurablyComplete && role.snapshot === undefined && isCompact;
}

/** The primary serves on its preferred node, and every peer is a member of the in-sync set that holds everything. */
function isPrimaryQuiescent(core: Core, role: Primary, { inSync }: ShardState): boolean {
  if (!role.serving || role.paused || role.handover !== undefined || role.ending || role.givesUp !== undefined) return false;
  if (core.isImpaired || (core.placed !== undefined && !core.isPreferredHere)) return false;
  if (role.peers.size !== inSync.length - 1 || !inSync.every((id) => isPlaced(core, id))) return false;
  for (const peer of role.peers.values()) if (!holdsEverything(core, peer, inSync)) return false;
  return true;
}

function holdsEverything({ log }: Core, peer: Peer, inSync: readonly ReplicaId[]): boolean {
  if (!inSync.includes(peer.id) || !peer.linked || peer.refused || peer.phase !== 'replicating') return false;
  if (peer.claiming || peer.stopping || peer.leaving !== false || !peer.complete) return false;
  const isInStep = peer.behindSinceMs === undefined && peer.ackedSeq === log.lastSeq && peer.inFlight.length === 0;
  return isInStep && peer.retainFromSeq === undefined;
}

/** Handles an event at a quiescent replica. False: the event needs the full path. */
export function handleQuiescent(core: Core, event: Event): boolean {
  if (event.type === 'message') return receive(core, event.message);
  return event.type === 'tick' && tick(core, event.hasDeadlines === true);
}

/** While the others answer in time, no replica claims (R4), is evicted (R7) or pauses (R9). */
function tick(core: Core, hasDeadlines: boolean): boolean {
  if (core.durability.oldestStartedMs !== undefined) return false;
  noticeStall(core);
  const { role, nowMs, options } = core;
  if (role.kind === 'primary') {
    for (const peer of role.peers.values()) if (nowMs - peer.answeredSentMs > options.leaseMs) return false;
    sendBeacons(core, role);
  } else if (nowMs - core.loyalSinceMs >= claimDelayMs(0, options.graceMs, options.beaconMs)) return false;
  maybeLogTime(core, hasDeadlines);
  return true;
}

function receive(core: Core, { history, epochId, from, to, body }: Message): boolean {
  const { role } = core;
  if (epochId !== core.epochId || history !== core.history || to !== core.self) return false;
  if (role.kind === 'primary') return body.type === 'beaconAnswer' && receiveAnswer(role.peers.get(from), body);
  return role.kind === 'follower' && role.primary === from && body.type === 'beacon' && receiveBeacon(core, role, from, body);
}

/** The follower answers the beacon, which renews its loyalty (R4). */
function receiveBeacon(core: Core, role: Follower, from: ReplicaId, beacon: BodyOf<'beacon'>): boolean {
  if (beacon.probe || beacon.mayLeaveMs !== 0 || beacon.commitIndex > core.commitIndex) return false;
  core.loyalSinceMs = core.nowMs;
  followTime(core, role, beacon);
  answerBeacon(core, from, beacon, role.stream?.number ?? 0);
  return true;
}

/** The answer renews the primary's lease (R9). */
function receiveAnswer(peer: Peer | undefined, answer: BodyOf<'beaconAnswer'>): boolean {
  if (peer === undefined || answer.number !== peer.number || !answer.complete) return false;
  if (answer.probe || answer.claiming || answer.stopping || answer.leaving) return false;
  peer.answeredSentMs = Math.max(peer.answeredSentMs, answer.sentAtMs);
  peer.leaseSentMs = Math.max(peer.leaseSentMs, answer.sentAtMs);
  return true;
}
