/**
 * A planned stop, at the primary (R12, R13): it hands over to a backup. The last member of a shard that lives in memory ends
 * the history, since no other replica could continue it.
 */

import type { CandidateFact } from '../protocol/event.js';
import type { ReplicaId } from '../protocol/ids.js';
import { ended, handedOver, type ShardState } from '../protocol/shard-state.js';
import type { Core } from '../state/core.js';
import { isOlder } from '../state/known-state.js';
import { isAlive, isPlaced } from '../state/placed.js';
import type { Primary } from '../state/role.js';
import { exit } from '../state/transitions.js';
import { grantsLease } from './lease.js';

export function mayHandOver(role: Primary): boolean {
  return role.serving && !role.paused && !role.ending && role.handover?.stage !== 'proposed';
}

/**
 * Writes are refused while the primary drains. So it drains only while it reaches ZooKeeper and every member of the required
 * set answers, unless its node stops.
 */
export function mayDrain(core: Core, role: Primary): boolean {
  return core.mayWriteState && core.register.required.every((id) => id === core.self || isAlive(core, role, id));
}

/** With every event while the node is stopping. */
export function maybeHandOver(core: Core, role: Primary): void {
  if (!mayHandOver(role)) return;
  const successor = chooseSuccessor(core, role) ?? chooseSuccessor(core, role, true);
  if (successor !== undefined) return void drainAndPropose(core, role, successor);
  role.handover = undefined;
  // Members that stop or are gone are taken out by maybeChangeMembers; only then is this replica alone.
  if (core.register.required.length > 1 || core.register.proposal !== undefined) return;
  if (!core.options.volatile) return drainAndExit(core, role);
  const someoneMayJoin = core.candidates.some(
    ({ replicaId, stopping }) => replicaId !== core.self && !stopping && isPlaced(core, replicaId),
  );
  if (!someoneMayJoin) endHistory(core, role);
}

/**
 * With every event while the database of this replica gives no answer: another member leads, if one can.
 * @returns whether the shard is being handed over.
 */
export function maybeHandOverImpaired(core: Core, role: Primary): boolean {
  if (!core.isImpaired || !mayHandOver(role) || !mayDrain(core, role)) return false;
  const successor = chooseSuccessor(core, role);
  if (successor === undefined) return false;
  drainAndPropose(core, role, successor);
  return true;
}

/** The lowest candidate that may succeed; candidates on placed nodes come first. */
function chooseSuccessor(core: Core, role: Primary, mayBeImpaired = false): ReplicaId | undefined {
  const able = core.candidates.filter((candidate) =>
    maySucceed(core, role, mayBeImpaired ? { ...candidate, impaired: false } : candidate),
  );
  const placed = able.filter(({ replicaId }) => isPlaced(core, replicaId));
  const [first] = (placed.length > 0 ? placed : able).sort((one, other) => one.order - other.order);
  return first?.replicaId;
}

/** The candidate is in sync, answers beacons, is not impaired, and neither stops nor leaves. */
export function maySucceed(core: Core, role: Primary, { replicaId, stopping, impaired }: CandidateFact): boolean {
  const peer = role.peers.get(replicaId);
  const inSync = core.register.confirmed.includes(replicaId) && peer?.phase === 'replicating' && !peer.refused;
  if (impaired) return false;
  return inSync && !stopping && !peer.stopping && !peer.leaving && grantsLease(peer, core.options.leaseMs, core.nowMs);
}

/**
 * Refuses new writes until those appended are committed, so that none of them ends as unknown; then proposes the successor.
 * @returns true once it has proposed.
 */
export function drainAndPropose(core: Core, role: Primary, successor: ReplicaId): boolean {
  if (role.handover?.successor !== successor) {
    role.handover = { successor, stage: 'draining' };
    core.note({ kind: 'handover', to: successor });
  }
  const { register, log } = core;
  const canCommit = register.confirmed.length >= core.options.minInSync;
  const drained = canCommit ? isDrained(core, role) : role.peers.get(successor)?.ackedSeq === log.lastSeq;
  const state = stateToLeave(core);
  if (!drained || state === undefined) return false;
  // No reads from before the proposal is sent until it has definitely failed (R12).
  role.handover.stage = 'proposed';
  core.propose('handover', handedOver(state, successor, core.mintId()));
  return true;
}

/** No call waits for a commit or a flush. */
function isDrained({ commitIndex, log }: Core, role: Primary): boolean {
  return commitIndex === log.lastSeq && !role.waiters.hasFlushWaiters;
}

/** The last member, whose data outlives the process, refuses new writes until those appended are committed. */
function drainAndExit(core: Core, role: Primary): void {
  role.handover = { successor: core.self, stage: 'draining' };
  if (core.register.confirmed.length < core.options.minInSync || isDrained(core, role)) exit(core, true);
}

/** The state to change; undefined while no proposal may be made, or an older set that came back must be corrected first (R7). */
function stateToLeave(core: Core): ShardState | undefined {
  const { state } = core.register;
  return core.mayWriteState && state !== undefined && !isOlder(core, state) ? state : undefined;
}

/** Nothing is served from before the proposal is sent until it has definitely failed (R13). */
function endHistory(core: Core, role: Primary): void {
  const { register, log } = core;
  const state = stateToLeave(core);
  if (state === undefined) return;
  if (core.commitIndex < log.lastSeq && register.confirmed.length >= core.options.minInSync) return;
  role.ending = true;
  core.propose('end', ended(state, log.lastSeq, core.mintId()));
}
