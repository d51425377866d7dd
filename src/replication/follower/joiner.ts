/**
 * Taking a snapshot (R10): discard, lay the chunks, then the log over them. Each event carries the snapshot's epoch and number,
 * so that nothing of an earlier one is taken.
 */

import type { Event, SnapshotItem } from '../protocol/event.js';
import type { EpochId, Seq } from '../protocol/ids.js';
import type { Core } from '../state/core.js';
import type { Follower } from '../state/role.js';
import { applyUnlessLaying, follow, giveUpSnapshot } from './follower.js';

interface SnapshotEventId {
  readonly epochId: EpochId;
  readonly number: number;
}

/** The follower that takes this very snapshot, or undefined if it has been overtaken by events. */
function takerOf(core: Core, event: SnapshotEventId): Follower | undefined {
  if (core.role.kind !== 'follower' || core.epochId !== event.epochId) return undefined;
  return core.role.snapshot?.number === event.number ? core.role : undefined;
}

/**
 * Only now is the old copy given up: until the primary has answered, it is the best this replica has. The primary has seen
 * to it that this is no member of the in-sync set any more; what this replica knows of the set may be older.
 */
export function onSnapshotBegun(core: Core, event: Extract<Event, { type: 'snapshotBegun' }>): void {
  const role = takerOf(core, event);
  if (role === undefined) return;
  core.reset(event.baseSeq, { epoch: event.baseEpoch, id: event.baseEpochId }, false);
  follow(core, role, event.number, event.baseSeq);
}

export function onSnapshotChunk(core: Core, event: SnapshotEventId & { readonly items: readonly SnapshotItem[] }): void {
  const role = takerOf(core, event);
  if (role === undefined || role.stream === undefined) return;
  core.persist({ type: 'load', items: event.items });
}

export function onSnapshotEnded(core: Core, event: SnapshotEventId & { readonly commitIndex: Seq }): void {
  const role = takerOf(core, event);
  if (role?.snapshot === undefined) return;
  role.snapshot.endCommitIndex = event.commitIndex;
  applyUnlessLaying(core, role);
}

export function onSnapshotFailed(core: Core, event: SnapshotEventId): void {
  const role = takerOf(core, event);
  if (role !== undefined) giveUpSnapshot(core, role, event.number);
}
