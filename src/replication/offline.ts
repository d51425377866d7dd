/** Noticing that nobody holds the shard's data any more, and saying so (R13). Nothing goes on by itself. */
import type { Core } from './core.js';
import { hasSeenFewerRemovals } from './lineage.js';
import { isEnded, type ReplicaId, type ShardState } from './shard-state.js';

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
  const { state, isMissing, isRestored } = core.register;
  // A new replica waits for the holders of a history, or for the operator's word that there are none.
  if (isMissing) return !core.isNew || isRestored || core.candidates.some(({ history }) => history !== undefined);
  if (core.foundHistory !== undefined || isBelowKnownEpoch(core)) return true;
  if (state === undefined || isEnded(state)) return false;
  return !state.inSync.some((id) => holdsCopy(core, id));
}

/** A registered member whose znode names no history has given its copy up since `state` was written, and `state` came back (R3). */
export function holdsCopy({ self, line, candidates }: Core, id: ReplicaId): boolean {
  if (id === self) return line !== undefined && candidates.some(({ replicaId }) => replicaId === id);
  return candidates.some(({ replicaId, history }) => replicaId === id && history !== undefined);
}

/**
 * ZooKeeper has lost its data, and what stands there now does not know how far the history has gone: it is not followed (R3).
 * A server that lags looks the same, but then the primary of the higher epoch is heard.
 */
export function isBelowKnownEpoch(core: Core): boolean {
  const { state } = core.register;
  if (state === undefined || !isOlder(core, state)) return false;
  return core.role.kind === 'follower' && core.nowMs - core.loyalSinceMs > core.options.graceMs;
}

/**
 * Than the epoch known here, or than a removal known in that epoch: it comes from a server that lags, or ZooKeeper has lost what
 * it held. The set that it names may have members that lack acknowledged writes (R7).
 */
export function isOlder({ history, epoch, line }: Core, state: ShardState): boolean {
  if (state.history !== history) return false;
  return state.epoch < epoch || (line !== undefined && hasSeenFewerRemovals(state, line));
}
