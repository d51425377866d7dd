/** Notices that no live replica holds the shard's data, and reports it (R13). The shard then waits for an operator. */

import { isEnded, type ReplicaId, type ShardState } from './protocol/shard-state.js';
import type { Core } from './state/core.js';

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

/**
 * True if this candidate holds a copy. A registered member may hold none: `state` may be an old one that came back, and the
 * member, whose znode names no history, gave up its copy after that `state` was written (R3).
 */
export function holdsCopy({ self, line, candidates }: Core, id: ReplicaId): boolean {
  if (id === self) return line !== undefined && candidates.some(({ replicaId }) => replicaId === id);
  return candidates.some(({ replicaId, history }) => replicaId === id && history !== undefined);
}

/**
 * True if `state` is of an older epoch than this replica knows because ZooKeeper has lost data. Such a `state` is not
 * followed (R3). A server that lags looks the same, but then beacons of the primary of the higher epoch still arrive.
 */
export function isBelowKnownEpoch(core: Core): boolean {
  const { state } = core.register;
  if (state === undefined || !isOlder(core, state)) return false;
  return core.role.kind === 'follower' && core.nowMs - core.loyalSinceMs > core.options.graceMs;
}

/** `state` is older than the epoch known here: it comes from a server that lags, or ZooKeeper has lost data. */
export function isOlder({ history, epoch }: Core, state: ShardState): boolean {
  return state.history === history && state.epoch < epoch;
}
