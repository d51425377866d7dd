/**
 * A replica at rest: nothing is under way, nobody lags behind, and everybody is where the shard belongs. Then a tick, a beacon
 * and the answer to one change nothing but times, for as long as each beacon is answered; and most of many shards are at rest
 * most of the time. So for these three events what would find nothing to do is not asked: what happens is the same.
 *
 * A tick that has asked everything finds out. Every other event ends it, and so does a message that says anything new.
 */

import { answerBeacon } from './follower/follower.js';
import { claimDelayMs } from './follower/succession.js';
import { isPlaced } from './placement/placed.js';
import { sendBeacons } from './primary/replicate.js';
import type { Event } from './protocol/event.js';
import type { BodyOf, Message } from './protocol/message.js';
import { epochIdOf, isEnded, type ReplicaId, type ShardState } from './protocol/shard-state.js';
import { noticePause } from './stall.js';
import type { Core } from './state/core.js';
import type { Peer } from './state/peer.js';
import type { Follower, Primary } from './state/role.js';

export function isAtRest(core: Core): boolean {
  const { register, durability, role, epoch } = core;
  if (core.stopped || core.stopping !== undefined || register.proposal !== undefined) return false;
  if (!register.isFresh || register.isContradicted) return false;
  if (durability.oldestStartedMs !== undefined || !core.isEpochDurable || core.commitIndex < core.log.lastSeq) return false;
  const { state } = register;
  if (state === undefined || isEnded(state) || state.epoch !== epoch || epochIdOf(state) !== core.epochId) return false;
  if (role.kind === 'primary') return isPrimaryAtRest(core, role, state);
  return role.kind === 'follower' && isFollowerAtRest(core, role);
}

function isFollowerAtRest(core: Core, role: Follower): boolean {
  // The log is cut to its bound with every beacon, a part at a time.
  const isCompact = core.log.bytes <= core.options.retainBytes;
  return core.offlineSinceMs === undefined && core.isDurablyComplete && role.snapshot === undefined && isCompact;
}

/** It serves where it should, and whoever it knows is a member that holds everything. */
function isPrimaryAtRest(core: Core, role: Primary, { inSync }: ShardState): boolean {
  if (!role.serving || role.paused || role.handover !== undefined || role.ending || role.givesUp !== undefined) return false;
  if (core.placed !== undefined && !core.isPreferredHere) return false;
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

/** Does what the event asks of a replica at rest. False: it has to be looked at as a whole. */
export function handleAtRest(core: Core, event: Event): boolean {
  if (event.type === 'message') return hear(core, event.message);
  return event.type === 'tick' && tick(core);
}

/** As long as the others are heard of nobody claims (R4), is taken out (R7) or pauses (R9). */
function tick(core: Core): boolean {
  noticePause(core);
  const { role, nowMs, options } = core;
  if (role.kind === 'primary') {
    for (const peer of role.peers.values()) if (nowMs - peer.heardSentMs > options.leaseMs) return false;
    sendBeacons(core, role);
    return true;
  }
  return nowMs - core.loyalSinceMs < claimDelayMs(0, options.graceMs, options.beaconMs);
}

function hear(core: Core, { history, epochId, from, to, body }: Message): boolean {
  const { role } = core;
  if (epochId !== core.epochId || history !== core.history || to !== core.self) return false;
  if (role.kind === 'primary') return body.type === 'beaconAnswer' && hearAnswer(role.peers.get(from), body);
  return role.kind === 'follower' && role.primary === from && body.type === 'beacon' && hearBeacon(core, role, from, body);
}

/** It is answered, which renews loyalty (R4). */
function hearBeacon(core: Core, role: Follower, from: ReplicaId, beacon: BodyOf<'beacon'>): boolean {
  if (beacon.probe || beacon.mayLeaveMs !== 0 || beacon.commitIndex > core.commitIndex) return false;
  core.loyalSinceMs = core.nowMs;
  answerBeacon(core, from, beacon, role.stream?.number ?? 0);
  return true;
}

/** It renews the lease (R9). */
function hearAnswer(peer: Peer | undefined, answer: BodyOf<'beaconAnswer'>): boolean {
  if (peer === undefined || answer.number !== peer.number || !answer.complete) return false;
  if (answer.probe || answer.claiming || answer.stopping || answer.leaving) return false;
  peer.heardSentMs = Math.max(peer.heardSentMs, answer.sentAtMs);
  peer.leaseSentMs = Math.max(peer.leaseSentMs, answer.sentAtMs);
  return true;
}
