/**
 * A joiner takes a snapshot (R10): it discards its data, writes the chunks to its store, then applies the log over them. Each
 * event carries the epoch and number of its snapshot, so that no chunk of an earlier snapshot is used.
 */

import type { Event, SnapshotItem } from '../protocol/event.js';
import type { EpochId, Seq } from '../protocol/ids.js';
import type { RecordedRequest } from '../protocol/request.js';
import type { Core } from '../state/core.js';
import type { Follower } from '../state/role.js';
import { applyUnlessLoading, follow, giveUpSnapshot } from './follower.js';

interface SnapshotEventId {
  readonly epochId: EpochId;
  readonly number: number;
}

/** The follower role, if it is taking this very snapshot; undefined if the snapshot is void. */
function takerOf(core: Core, event: SnapshotEventId): Follower | undefined {
  if (core.role.kind !== 'follower' || core.epochId !== event.epochId) return undefined;
  return core.role.snapshot?.number === event.number ? core.role : undefined;
}

/**
 * The replica discards its old copy only now: until the primary answers, that is the best copy it has. The primary has evicted
 * this replica before; the `state` that this replica knows may be older.
 */
export function onSnapshotBegun(core: Core, event: Extract<Event, { type: 'snapshotBegun' }>): void {
  const role = takerOf(core, event);
  if (role === undefined) return;
  core.clock.learn(event.timeMs, core.nowMs);
  core.appliedTimeMs = event.timeMs;
  core.reset(event.baseSeq, { epoch: event.baseEpoch, id: event.baseEpochId }, false, event.requestFloor);
  follow(core, role, event.number, event.baseSeq);
}

export function onSnapshotChunk(core: Core, event: SnapshotEventId & { readonly items: readonly SnapshotItem[] }): void {
  const role = takerOf(core, event);
  if (role === undefined || role.stream === undefined) return;
  core.persist({ type: 'load', items: event.items });
}

/** The recognised requests are as of the base position: the log over it adds the others (R16). */
export function onSnapshotRequests(core: Core, event: SnapshotEventId & { readonly requests: readonly RecordedRequest[] }): void {
  const role = takerOf(core, event);
  if (role === undefined || role.stream === undefined) return;
  core.requests.load(event.requests);
  core.persist({ type: 'loadRequests', requests: event.requests });
}

export function onSnapshotEnded(core: Core, event: SnapshotEventId & { readonly commitIndex: Seq }): void {
  const role = takerOf(core, event);
  if (role?.snapshot === undefined) return;
  role.snapshot.endCommitIndex = event.commitIndex;
  applyUnlessLoading(core, role);
}

export function onSnapshotFailed(core: Core, event: SnapshotEventId): void {
  const role = takerOf(core, event);
  if (role !== undefined) giveUpSnapshot(core, role, event.number);
}
