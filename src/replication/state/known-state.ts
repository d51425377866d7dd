/** What `state` and the candidates, as read from ZooKeeper, are worth beside what this replica knows itself (R3, R7). */

import type { ReplicaId } from '../protocol/ids.js';
import { endOf, hasSeenFewerRemovals, removalsOf } from '../protocol/lineage.js';
import type { ShardState } from '../protocol/shard-state.js';
import type { Core } from './core.js';
import type { Peer } from './peer.js';

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

/**
 * True if `state` is older than the epoch known here, or lacks a removal known in that epoch: it comes from a server that
 * lags, or ZooKeeper has lost data. Members of the set that it names may lack acknowledged writes (R7).
 */
export function isOlder({ history, epoch, epochId, epochRemovals, line }: Core, state: ShardState): boolean {
  if (state.history !== history) return false;
  if (state.epoch < epoch || (line !== undefined && hasSeenFewerRemovals(state, line))) return true;
  const end = endOf(state);
  return end.id === epochId && removalsOf(end) < epochRemovals;
}

/**
 * True if the peer follows no line that forgot a removal which this primary knows of. Commits rely on a removal only then: if the
 * removed replica claims from an older `state`, the peer keeps the writes that were acknowledged without that replica (R7).
 */
export function knowsRemovals({ line }: Core, { knownRemovals }: Peer): boolean {
  return line !== undefined && knownRemovals >= removalsOf(endOf(line));
}
