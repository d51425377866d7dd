/** One call to Dump: the position, then chunks read while writes go on, then the commit index as of the last one. */

import type { Store } from '../../../simulation/virtual/store.js';
import type { Effect } from '../protocol/effect.js';
import type { Event } from '../protocol/event.js';
import type { Epoch, EpochId, ReplicaId } from '../protocol/ids.js';

type DumpEvent = Extract<Event, { type: 'snapshotBegun' | 'snapshotChunk' | 'snapshotEnded' | 'snapshotFailed' }>;

export interface DumpCall {
  readonly joiner: ReplicaId;
  readonly primary: ReplicaId;
  readonly epoch: Epoch;
  readonly epochId: EpochId;
  readonly number: number;
  stage: 'calling' | 'streaming' | 'over';
  /** Keys up to here have been read. */
  cursor: string;
  /** On its way to the joiner. */
  readonly queue: DumpEvent[];
}

type RequestSnapshot = Extract<Effect, { type: 'requestSnapshot' }>;

export function newDumpCall(joiner: ReplicaId, { from, epoch, epochId, number }: RequestSnapshot): DumpCall {
  return { joiner, primary: from, epoch, epochId, number, stage: 'calling', cursor: '', queue: [] };
}

/** Reads the next chunk from the primary's store. */
export function readChunk(call: DumpCall, { items: stored }: Store, commitIndex: number, itemsPerChunk: number): void {
  const { epochId, number } = call;
  const keys = [...stored.keys()].filter((key) => key > call.cursor).sort();
  const items = keys.slice(0, itemsPerChunk).map((key) => ({ key, ...stored.get(key)! }));
  if (items.length > 0) {
    call.cursor = items.at(-1)!.key;
    call.queue.push({ type: 'snapshotChunk', epochId, number, items });
    return;
  }
  call.queue.push({ type: 'snapshotEnded', epochId, number, commitIndex });
  call.stage = 'over';
}
