/** Noticing that nobody holds the shard's data any more, and saying so (R13). Nothing goes on by itself. */
import type { Core } from './core.js';
import { isEnded } from './shard-state.js';

const repeatNoteMs = 30_000;

export function noteIfOffline(core: Core): void {
  if (!isOffline(core)) {
    core.offlineSinceMs = undefined;
    core.offlineNotedMs = undefined;
    return;
  }
  core.offlineSinceMs ??= core.nowMs;
  // A member that restarts its session, or a reader that lags, is no loss yet.
  if (core.nowMs - core.offlineSinceMs <= core.options.graceMs) return;
  if (core.offlineNotedMs !== undefined && core.nowMs - core.offlineNotedMs < repeatNoteMs) return;
  core.offlineNotedMs = core.nowMs;
  core.note({ kind: 'offline', lost: core.register.state?.inSync });
}

function isOffline(core: Core): boolean {
  if (core.role.kind === 'primary' || !core.sessionConnected || core.candidates.length === 0) return false;
  const { state, isMissing } = core.register;
  if (isMissing) return !core.isNew;
  if (isBelowKnownEpoch(core)) return true;
  return state !== undefined && !isEnded(state) && !state.inSync.some((id) => core.isCandidate(id));
}

/**
 * ZooKeeper has lost its data, and what stands there now comes from one that does not know how far the history has gone: it
 * is not followed (R3). A server that lags looks the same, but then the primary of the higher epoch is heard.
 */
export function isBelowKnownEpoch(core: Core): boolean {
  const { state } = core.register;
  if (state === undefined || state.epoch >= core.epoch) return false;
  return core.role.kind === 'follower' && core.nowMs - core.loyalSinceMs > core.options.graceMs;
}
