/**
 * Moving a shard, at the primary (R15). Joiners come in on the nodes that `placement` names. A replica on another node keeps
 * its copy and goes on serving until each named node has a member in the in-sync set. Only then does a primary there hand
 * over, and are backups there taken out of the set. So a move never leaves fewer copies than there were before it.
 */

import { nodeIdOf, type ReplicaId } from '../protocol/ids.js';
import type { Core } from '../state/core.js';
import { isPlaced, isWhole } from '../state/placed.js';
import type { Primary } from '../state/role.js';
import { drainAndPropose, mayDrain, mayHandOver, maySucceed } from './handover.js';

/** A placed primary hands over to the preferred one once that has been able to take over for this many graces without a break. */
const steadyGraces = 4;
/**
 * These limit how often an unstable node moves the primary. If the shard is back here within this many waits, the next wait
 * is twice as long.
 */
const calmWaits = 16;
/** The longest wait, as a multiple of the first. */
const mostTimesTheFirst = 64;

/** A handover that has begun is called off if there is no reason for it any more. */
export function maybeHandOverToPlaced(core: Core, role: Primary, placed: readonly string[] | undefined): void {
  if (!mayHandOver(role)) return;
  // The primary is where it should be. This runs with every message, so nothing else is checked.
  if (placed === undefined || core.isPreferredHere) {
    role.handover = undefined;
    return;
  }
  const successor = isPlaced(core, core.self) ? preferred(core, role, placed) : firstPlaced(core, role, placed);
  if (successor === undefined || !mayDrain(core, role)) {
    role.handover = undefined;
    return;
  }
  const waitMs = waitMsOf(core, role);
  if (drainAndPropose(core, role, successor)) core.yielded = { epoch: role.epoch, atMs: core.nowMs, waitMs };
}

/**
 * The successor of a primary on a node that is not placed. It hands over at once, unless the shard has just come back: two
 * nodes with different placements would pass it to and fro.
 */
function firstPlaced(core: Core, role: Primary, placed: readonly string[]): ReplicaId | undefined {
  if (!isWhole(core, role)) return undefined;
  if (isBackSoon(core, role) && core.nowMs - role.sinceMs <= waitMsOf(core, role)) return undefined;
  const able = core.candidates.filter((candidate) => isPlaced(core, candidate.replicaId) && maySucceed(core, role, candidate));
  const rank = (id: ReplicaId): number => placed.indexOf(nodeIdOf(id));
  return able.sort((one, other) => rank(one.replicaId) - rank(other.replicaId))[0]?.replicaId;
}

/** The successor of a primary that is placed, but is not the preferred one. */
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
  // The handover has failed: this is the same epoch.
  if (role.epoch === yielded.epoch) return yielded.waitMs;
  return isBackSoon(core, role) ? Math.min(2 * yielded.waitMs, mostTimesTheFirst * firstMs) : firstMs;
}

function isBackSoon({ yielded }: Core, { epoch, sinceMs }: Primary): boolean {
  return yielded !== undefined && epoch > yielded.epoch && sinceMs - yielded.atMs < calmWaits * yielded.waitMs;
}
