/** How a follower leaves: after a planned stop (R12, R13), or because the shard has moved to other nodes (R15). */

import { isEnded } from '../protocol/shard-state.js';
import type { Core } from '../state/core.js';
import { isOlder } from '../state/known-state.js';
import { holdsAll } from '../state/placed.js';
import { exit, release } from '../state/transitions.js';

/**
 * A joiner may stop at once: no write relies on it. A backup waits until the primary takes it out of the set. A replica that
 * has known an epoch and reads that there is no `state` cannot tell which of the two it is: a server may lag (R13).
 */
export function maybeExit(core: Core): void {
  if (core.register.proposal === undefined && !mayBeMember(core)) exit(core, true);
}

function mayBeMember(core: Core): boolean {
  const { state } = core.register;
  if (state === undefined) return !core.isNew || core.mayHaveBegun;
  // A state that went back, or is of another history, does not show whether the set counts on this copy.
  if (isOlder(core, state) || core.foundHistory !== undefined) return true;
  return core.isInSync || state.primary === core.self;
}

/** Gives up the copy where the shard has no primary to ask: its history has ended, or has not begun. */
export function maybeRelease(core: Core): void {
  const { state } = core.register;
  if (isNeedless(core) && (state === undefined || isEnded(state))) release(core);
}

/**
 * The primary permits this replica to leave, as it wants to. `state` as read here may be old, but a primary that had taken the
 * replica in meanwhile, or was about to, would not send this. The permission counts no more if this replica has answered a
 * later beacon without asking to leave: the primary may have taken it in since.
 */
export function onMayLeave(core: Core, mayLeaveMs: number): void {
  if (mayLeaveMs === 0 || mayLeaveMs <= core.stayedMs) return;
  if (core.stopping === undefined && isNeedless(core)) release(core);
}

/** This node is not placed, and `state` shows a set without this replica that has a member on each placed node. */
export function isNeedless(core: Core): boolean {
  if (core.isPlacedHere || core.register.proposal !== undefined) return false;
  const { register, placed, self, isNew, isRestarted } = core;
  const { state } = register;
  // A proposal of an earlier process may still succeed, and name this replica.
  if (state === undefined) return register.isMissing && isNew && !isRestarted && !core.mayHaveBegun;
  // A state older than the known epoch comes from a server that lags: the primary may have taken this replica in since.
  if (isOlder(core, state) || core.foundHistory !== undefined) return false;
  if (isEnded(state)) return true;
  if (state.primary === self || state.inSync.includes(self)) return false;
  return holdsAll(placed ?? [], state.inSync);
}
