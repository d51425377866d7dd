/**
 * Membership of the in-sync set. The primary evicts members that are gone, in ZooKeeper first (R7), and takes in joiners that
 * hold everything (R10). It pauses when it has lost its lease and cannot reach ZooKeeper to evict (R9).
 */

import type { LeaveReason, Removal } from '../protocol/effect.js';
import type { ReplicaId } from '../protocol/ids.js';
import { withGivenUp, withMembers, withRemovalAfter } from '../protocol/shard-state.js';
import { hasStalledLately } from '../stall.js';
import type { Core } from '../state/core.js';
import { isOlder, knowsRemovals } from '../state/known-state.js';
import type { Peer } from '../state/peer.js';
import { isPlaced, isWhole } from '../state/placed.js';
import type { Primary } from '../state/role.js';
import { grantsLease } from './lease.js';
import { sendBeacons } from './replicate.js';

/** The most beacon intervals that writes wait for a joiner's next acknowledgement. */
const admissionBeacons = 3;

/** The replicas whose acknowledgements and lease count: the required set, and the joiners about to be proposed (R6, R9, R10). */
export function requiredIds(core: Core, role: Primary): readonly ReplicaId[] {
  const { required } = core.register;
  let ids = required;
  for (const { admitting, id } of role.peers.values()) if (admitting && !required.includes(id)) ids = [...ids, id];
  return ids;
}

export function maybeChangeMembers(core: Core, role: Primary): void {
  const { register } = core;
  const mayPropose = core.mayWriteState;
  const inSync = register.state?.inSync ?? [];
  for (const peer of role.peers.values()) peer.admitting = mayPropose && !inSync.includes(peer.id) && mayEnter(core, role, peer);
  if (!mayPropose || register.state === undefined) return;
  const removals = inSync.flatMap((id): Removal[] => {
    const reason = id === core.self ? undefined : reasonToLeave(core, role, id);
    return reason === undefined ? [] : [{ id, reason }];
  });
  // ZooKeeper has lost removals: `state` is corrected before anything else, so that no other member may claim from it (R7).
  const isBehind = isOlder(core, register.state);
  const isPutRight = isBehind && role.serving;
  if (isPutRight) removals.push(...lacking(core, role, removals));
  // A member that lacks something is no copy that another may leave behind (R15).
  if (!isBehind) removals.push(...movedAway(core, role, removals));
  const removed = removals.map(({ id }) => id);
  const added = [...role.peers.values()]
    .filter((peer) => peer.admitting && peer.ackedSeq >= core.commitIndex)
    .map((peer) => peer.id);
  if (removed.length === 0 && added.length === 0 && role.givesUp === undefined && !isPutRight) return;
  const members = withGivenUp(withMembers(register.state, added, removed), role.givesUp?.ids ?? []);
  // While members may lack entries, `state` must stay one that this replica's line does not follow.
  const counts = isBehind ? isPutRight : removed.length > 0;
  const next = counts && core.line !== undefined ? withRemovalAfter(members, core.line) : members;
  if (removed.length > 0 || added.length > 0) core.note({ kind: 'membersProposed', added, removed: removals });
  // From here on the joiner is required: commits wait for its acknowledgements, and reads for its lease.
  core.propose('membership', next);
}

function reasonToLeave(core: Core, role: Primary, id: ReplicaId): LeaveReason | undefined {
  const peer = role.peers.get(id);
  if (peer === undefined) return 'gone';
  if (peer.refused) return 'refused';
  const { leaseMs } = core.options;
  const silentMs = core.nowMs - Math.max(peer.answeredSentMs, role.sinceMs);
  // A primary that stood still has sent nothing meanwhile. The next answers may say that it was replaced (R7).
  const isPatient = hasStalledLately(core);
  if (silentMs > leaseMs && !isPatient) return 'silent';
  // The peer answers beacons but acknowledges nothing: its disk hangs, or it cannot follow the log.
  const stuckMs = core.nowMs - (peer.behindSinceMs ?? core.nowMs);
  if (stuckMs > leaseMs && !isPatient) return 'stuck';
  if (peer.phase === 'dumpNeeded') return 'needsDump';
  if (peer.phase === 'otherHistory') return 'otherHistory';
  return role.serving && peer.stopping ? 'stopping' : undefined;
}

/** Members that came back with an older `state`, and do not hold everything committed (R7). */
function lacking(core: Core, role: Primary, removals: readonly Removal[]): readonly Removal[] {
  const others = (core.register.state?.inSync ?? []).filter((id) => id !== core.self && !removals.some((one) => one.id === id));
  return others.filter((id) => !holdsCommitted(core, role.peers.get(id))).map((id) => ({ id, reason: 'lacking' }));
}

function holdsCommitted({ commitIndex }: Core, peer: Peer | undefined): boolean {
  return peer?.phase === 'replicating' && peer.complete && peer.ackedSeq >= commitIndex;
}

/**
 * Members on nodes that are not placed, once each placed node has a live member (R15). A member that the same proposal evicts does
 * not count: it may answer beacons and lack entries.
 */
function movedAway(core: Core, role: Primary, removals: readonly Removal[]): readonly Removal[] {
  const evicted = removals.map(({ id }) => id);
  if (!role.serving || !isWhole(core, role, evicted)) return [];
  const others = core.register.confirmed.filter((id) => id !== core.self && !isPlaced(core, id));
  return others.filter((id) => !evicted.includes(id)).map((id) => ({ id, reason: 'moved' }));
}

/**
 * True if the peer has a complete copy, keeps up with the log in this epoch, and has answered a beacon (R10). From then on
 * commits wait for it, so that it comes to hold everything committed, however fast writes arrive. Only then is it proposed.
 */
function mayEnter(core: Core, role: Primary, peer: Peer): boolean {
  if (!role.serving || role.paused || !peer.linked || peer.refused || peer.stopping || peer.claiming) return false;
  if (!isPlaced(core, peer.id) || peer.leaving !== false) return false;
  if (peer.phase !== 'replicating' || !peer.complete || !peer.keepsUp || !knowsRemovals(core, peer)) return false;
  if (core.nowMs - (peer.behindSinceMs ?? core.nowMs) > admissionBeacons * core.options.beaconMs) return false;
  return grantsLease(peer, core.options.leaseMs, core.nowMs) && core.isCandidate(peer.id);
}

function requiredPeers(core: Core, role: Primary): (Peer | undefined)[] {
  return core.register.required.filter((id) => id !== core.self).map((id) => role.peers.get(id));
}

/**
 * A primary pauses if a member has not answered for a lease and could not be evicted for another lease (R9). Further beacons
 * would keep the other members loyal to a primary that cannot serve. It sends probes to learn when all members answer again.
 */
export function maybePause(core: Core, role: Primary): void {
  const { leaseMs } = core.options;
  const required = requiredPeers(core, role);
  if (!role.paused) {
    const silent = required.some((peer) => core.nowMs - Math.max(peer?.answeredSentMs ?? 0, role.sinceMs) > 2 * leaseMs);
    if (!silent) return;
    role.paused = true;
    core.note({ kind: 'paused' });
    return;
  }
  const answered = required.every((peer) => peer !== undefined && !peer.claiming && core.nowMs - peer.answeredSentMs < leaseMs);
  if (!answered) return;
  role.paused = false;
  role.nextBeaconMs = core.nowMs;
  core.note({ kind: 'resumed' });
  sendBeacons(core, role);
}

/**
 * The operator's command at a primary: its history goes on, and others are given up (R13). Their ids go into `state`, where
 * the replicas that hold their data find them, discard it, and join.
 * @returns false if `state` names all of them already, or another command is under way.
 */
export function maybeGiveUp(core: Core, role: Primary, token: unknown, ids: readonly string[]): boolean {
  const { state } = core.register;
  if (state === undefined || role.givesUp !== undefined || isNamed(withGivenUp(state, ids).givenUp, state.givenUp)) return false;
  role.givesUp = { ids, token };
  maybeChangeMembers(core, role);
  return true;
}

/** `state` has changed: answers the operator's command if `state` now names what was to be given up. */
export function maybeAnswerGiveUp(core: Core): void {
  const { role, register } = core;
  const { state } = register;
  if (role.kind !== 'primary' || role.givesUp === undefined || state === undefined) return;
  const { ids, token } = role.givesUp;
  if (!isNamed(withGivenUp(state, ids).givenUp, state.givenUp)) return;
  role.givesUp = undefined;
  core.emit({ type: 'answer', token, answer: { kind: 'forced', epoch: state.epoch, seqFloor: state.seqFloor } });
}

function isNamed(ids: readonly string[], named: readonly string[]): boolean {
  return ids.every((id) => named.includes(id));
}
