/**
 * Moving a shard to other nodes (R15): joiners come in on the nodes that `placement` names; whoever is on another keeps its
 * copy, and goes on serving, until each of those has a member in the in-sync set. Only then does a primary there hand over, are
 * backups there taken out, and does the shell hear that a copy may be deleted. So a move never leaves fewer copies than there
 * were before it.
 */
import type { Core } from './core.js';
import { drainAndPropose, mayHandOver, maySucceed } from './handover.js';
import { holdsAll, isPlaced, isWhole } from './placed.js';
import type { Primary } from './role.js';
import { isEnded, nodeIdOf, type ReplicaId } from './shard-state.js';
import { release } from './transitions.js';

/**
 * A placed primary that is not the preferred one hands over once the preferred one could have taken over for so many graces
 * without a break: a node that comes and goes does not make the primary go to and fro.
 */
const steadyGraces = 4;

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
 * it in meanwhile, or were about to, it would not say so.
 */
export function onMayLeave(core: Core): void {
  if (core.stopping === undefined && isNeedless(core)) release(core);
}

/** It is not placed, and `state` tells that the set is without it, and complete where the shard belongs. */
export function isNeedless(core: Core): boolean {
  const { register, placed, self, isNew } = core;
  const { state } = register;
  if (isPlaced(core, self) || register.proposal !== undefined) return false;
  if (state === undefined) return register.isMissing && isNew;
  if (isEnded(state)) return true;
  if (state.primary === self || state.inSync.includes(self)) return false;
  return holdsAll(placed ?? [], state.inSync);
}

function maybeHandOver(core: Core, role: Primary, placed: readonly string[]): void {
  if (!mayHandOver(role)) return;
  const successor = isPlaced(core, core.self) ? preferred(core, role, placed) : firstPlaced(core, role, placed);
  if (successor !== undefined) drainAndPropose(core, role, successor);
  else role.handover = undefined;
}

/** Of a primary that is to go. */
function firstPlaced(core: Core, role: Primary, placed: readonly string[]): ReplicaId | undefined {
  if (!isWhole(core, role)) return undefined;
  const able = core.candidates.filter((candidate) => isPlaced(core, candidate.replicaId) && maySucceed(core, role, candidate));
  const rank = (id: ReplicaId): number => placed.indexOf(nodeIdOf(id));
  return able.sort((one, other) => rank(one.replicaId) - rank(other.replicaId))[0]?.replicaId;
}

/** Of a primary that is not the first of those named. */
function preferred(core: Core, role: Primary, [first]: readonly string[]): ReplicaId | undefined {
  if (first === undefined || first === nodeIdOf(core.self)) return undefined;
  const candidate = core.candidates.find((one) => nodeIdOf(one.replicaId) === first && maySucceed(core, role, one));
  if (candidate?.replicaId !== role.preferred?.id) role.preferred = undefined;
  if (candidate === undefined) return undefined;
  role.preferred ??= { id: candidate.replicaId, sinceMs: core.nowMs };
  return core.nowMs - role.preferred.sinceMs > steadyGraces * core.options.graceMs ? candidate.replicaId : undefined;
}
