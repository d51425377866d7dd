/**
 * Taking a dump (R10): discard, lay the chunks, then the log over them. Each event carries the dump's epoch and number,
 * so that nothing of an earlier one is taken.
 */

import type { DumpItem, Event } from '../protocol/event.js';
import type { EpochId } from '../protocol/lineage.js';
import type { Seq } from '../protocol/shard-state.js';
import type { Core } from '../state/core.js';
import type { Follower } from '../state/role.js';
import { applyUnlessLaying, follow, giveUpDump } from './follower.js';

interface DumpEventId {
  readonly epochId: EpochId;
  readonly number: number;
}

/** The follower that takes this very dump, or undefined if it has been overtaken by events. */
function takerOf(core: Core, event: DumpEventId): Follower | undefined {
  if (core.role.kind !== 'follower' || core.epochId !== event.epochId) return undefined;
  return core.role.dump?.number === event.number ? core.role : undefined;
}

/**
 * Only now is the old copy given up: until the primary has answered, it is the best this replica has. The primary has seen
 * to it that this is no member of the in-sync set any more; what this replica knows of the set may be older.
 */
export function onDumpBegun(core: Core, event: Extract<Event, { type: 'dumpBegun' }>): void {
  const role = takerOf(core, event);
  if (role === undefined) return;
  core.reset(event.baseSeq, { epoch: event.baseEpoch, id: event.baseEpochId }, false);
  follow(core, role, event.number, event.baseSeq);
}

export function onDumpChunk(core: Core, event: DumpEventId & { readonly items: readonly DumpItem[] }): void {
  const role = takerOf(core, event);
  if (role === undefined || role.stream === undefined) return;
  core.persist({ type: 'load', items: event.items });
}

export function onDumpEnded(core: Core, event: DumpEventId & { readonly commitIndex: Seq }): void {
  const role = takerOf(core, event);
  if (role?.dump === undefined) return;
  role.dump.endCommitIndex = event.commitIndex;
  applyUnlessLaying(core, role);
}

export function onDumpFailed(core: Core, event: DumpEventId): void {
  const role = takerOf(core, event);
  if (role !== undefined) giveUpDump(core, role, event.number);
}
