/**
 * Moving a shard to other nodes (R15): joiners come in on the nodes that `placement` names; whoever is on another keeps its
 * copy, and goes on serving, until each of those has a member in the in-sync set. Only then does a primary there hand over, are
 * backups there taken out, and does the shell hear that a copy may be deleted. So a move never leaves fewer copies than there
 * were before it.
 */

import { isOlder } from '../offline.js';
import { drainAndPropose, mayHandOver, maySucceed } from '../primary/handover.js';
import { isEnded, nodeIdOf, type ReplicaId } from '../protocol/shard-state.js';
import type { Core } from '../state/core.js';
import type { Primary } from '../state/role.js';
import { release } from '../state/transitions.js';
import { holdsAll, isAlive, isPlaced, isWhole } from './placed.js';

/** A placed primary that is not the preferred one hands over once that could have taken over for so many graces without a break. */
const steadyGraces = 4;
/**
 * A node that comes and goes does not make the primary go to and fro: where the shard is back within so many waits, the next
 * wait is twice as long, up to so many times the first.
 */
const calmWaits = 16;
const mostTimesTheFirst = 64;

/** A list that names nobody says that nothing has been decided: it sends nobody away. */
export function onPlaced(core: Core, nodes: readonly string[]): void {
  if (nodes.length === 0) return;
  core.placed = nodes;
  core.placedMs = core.nowMs;
  core.isPlacedHere = nodes.includes(core.node);
  core.isPreferredHere = nodes[0] === core.node;
}

export function maybeMove(core: Core): void {
  if (core.placed === undefined || core.stopped || core.stopping !== undefined) return;
  if (core.role.kind === 'follower') maybeRelease(core);
  else if (core.role.kind === 'primary') maybeHandOver(core, core.role, core.placed);
}

/** A shard without a primary has nobody to ask. */
function maybeRelease(core: Core): void {
  const { state } = core.register;
  if (isNeedless(core) && (state === undefined || isEnded(state))) release(core);
}

/**
 * The primary has heard from this replica that it is about to go. What is read of `state` may be old: had the primary taken
 * it in meanwhile, or were about to, it would not say so. If an answer to a later beacon has taken that back, so may the
 * primary have: what it says then counts no more.
 */
export function onMayLeave(core: Core, mayLeaveMs: number): void {
  if (mayLeaveMs === 0 || mayLeaveMs <= core.stayedMs) return;
  if (core.stopping === undefined && isNeedless(core)) release(core);
}

/** It is not placed, and `state` tells that the set is without it, and complete where the shard belongs. */
export function isNeedless(core: Core): boolean {
  if (core.isPlacedHere || core.register.proposal !== undefined) return false;
  const { register, placed, self, isNew, isRestarted } = core;
  const { state } = register;
  // What an earlier process has asked for may come true late, and name this replica.
  if (state === undefined) return register.isMissing && isNew && !isRestarted && !core.mayHaveBegun;
  // A state older than the epoch one knows comes from a server that lags: one may have been taken in since.
  if (isOlder(core, state) || core.foundHistory !== undefined) return false;
  if (isEnded(state)) return true;
  if (state.primary === self || state.inSync.includes(self)) return false;
  return holdsAll(placed ?? [], state.inSync);
}

/** Writes are refused while it drains: not while ZooKeeper, or somebody who does not answer, has to be waited for. */
function maybeHandOver(core: Core, role: Primary, placed: readonly string[]): void {
  if (!mayHandOver(role)) return;
  // Where it should be: nothing is to be looked at, with every message.
  if (core.isPreferredHere) {
    role.handover = undefined;
    return;
  }
  const successor = isPlaced(core, core.self) ? preferred(core, role, placed) : firstPlaced(core, role, placed);
  const mayPropose = core.mayWriteState;
  const allAnswer = core.register.required.every((id) => id === core.self || isAlive(core, role, id));
  if (successor === undefined || !mayPropose || !allAnswer) {
    role.handover = undefined;
    return;
  }
  const waitMs = waitMsOf(core, role);
  if (drainAndPropose(core, role, successor)) core.yielded = { epoch: role.epoch, atMs: core.nowMs, waitMs };
}

/** Of a primary that is to go: at once, unless the shard has come back. The other may have heard that it is to go as well. */
function firstPlaced(core: Core, role: Primary, placed: readonly string[]): ReplicaId | undefined {
  if (!isWhole(core, role)) return undefined;
  if (isBackSoon(core, role) && core.nowMs - role.sinceMs <= waitMsOf(core, role)) return undefined;
  const able = core.candidates.filter((candidate) => isPlaced(core, candidate.replicaId) && maySucceed(core, role, candidate));
  const rank = (id: ReplicaId): number => placed.indexOf(nodeIdOf(id));
  return able.sort((one, other) => rank(one.replicaId) - rank(other.replicaId))[0]?.replicaId;
}

/** Of a primary that is not the first of those named. */
function preferred(core: Core, role: Primary, [first]: readonly string[]): ReplicaId | undefined {
  if (first === undefined) return undefined;
  const candidate = core.candidates.find((one) => nodeIdOf(one.replicaId) === first && maySucceed(core, role, one));
  if (candidate?.replicaId !== role.preferred?.id) role.preferred = undefined;
  if (candidate === undefined) return undefined;
  role.preferred ??= { id: candidate.replicaId, sinceMs: core.nowMs };
  return core.nowMs - role.preferred.sinceMs > waitMsOf(core, role) ? candidate.replicaId : undefined;
}

/** How long the preferred primary must have been able to take over. */
function waitMsOf(core: Core, role: Primary): number {
  const { yielded, options } = core;
  const firstMs = steadyGraces * options.graceMs;
  if (yielded === undefined) return firstMs;
  // What was proposed has failed: this is the same term of office.
  if (role.epoch === yielded.epoch) return yielded.waitMs;
  return isBackSoon(core, role) ? Math.min(2 * yielded.waitMs, mostTimesTheFirst * firstMs) : firstMs;
}

function isBackSoon({ yielded }: Core, { epoch, sinceMs }: Primary): boolean {
  return yielded !== undefined && epoch > yielded.epoch && sinceMs - yielded.atMs < calmWaits * yielded.waitMs;
}
