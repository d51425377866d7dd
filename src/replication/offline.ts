/** Notices that no live replica holds the shard's data, and reports it (R13). The shard then waits for an operator. */

import { isEnded } from './protocol/shard-state.js';
import type { Core } from './state/core.js';
import { holdsCopy, isBelowKnownEpoch } from './state/known-state.js';

/** How often the report is repeated while the shard stays offline. */
const repeatNoteMs = 30_000;

export function noteIfOffline(core: Core): void {
  if (!isOffline(core)) {
    core.offlineSinceMs = undefined;
    core.offlineNotedMs = undefined;
    return;
  }
  core.offlineSinceMs ??= core.nowMs;
  // It may only be a member that renews its session, or a ZooKeeper server that lags: wait for a grace.
  if (core.nowMs - core.offlineSinceMs <= core.options.graceMs) return;
  if (core.offlineNotedMs !== undefined && core.nowMs - core.offlineNotedMs < repeatNoteMs) return;
  core.offlineNotedMs = core.nowMs;
  core.note({ kind: 'offline', lost: core.register.state?.inSync });
}

function isOffline(core: Core): boolean {
  if (core.role.kind === 'primary' || !core.sessionConnected || core.candidates.length === 0) return false;
  const { state, isMissing, isRestored } = core.register;
  // A new replica waits for replicas that hold a history, or for the operator's command, which says that there are none.
  if (isMissing) return !core.isNew || isRestored || core.candidates.some(({ history }) => history !== undefined);
  if (core.foundHistory !== undefined || isBelowKnownEpoch(core)) return true;
  if (state === undefined || isEnded(state)) return false;
  return !state.inSync.some((id) => holdsCopy(core, id));
}
