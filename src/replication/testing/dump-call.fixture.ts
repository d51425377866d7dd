/** One call to Dump: the position, then chunks read while writes go on, then the commit index as of the last one. */
import type { Event } from '../event.js';
import type { Epoch, ReplicaId } from '../shard-state.js';
import type { FakeStore } from './fake-store.fixture.js';

type DumpEvent = Extract<Event, { type: 'dumpBegun' | 'dumpChunk' | 'dumpEnded' | 'dumpFailed' }>;

export interface DumpCall {
  readonly joiner: ReplicaId;
  readonly primary: ReplicaId;
  readonly epoch: Epoch;
  readonly number: number;
  stage: 'calling' | 'streaming' | 'over';
  /** Keys up to here have been read. */
  cursor: string;
  /** On its way to the joiner. */
  readonly queue: DumpEvent[];
}

export function newDumpCall(joiner: ReplicaId, primary: ReplicaId, epoch: Epoch, number: number): DumpCall {
  return { joiner, primary, epoch, number, stage: 'calling', cursor: '', queue: [] };
}

/** Reads the next chunk from the primary's store. */
export function readChunk(call: DumpCall, store: FakeStore, commitIndex: number, itemsPerChunk: number): void {
  const { epoch, number } = call;
  const items = store.chunk(call.cursor, itemsPerChunk);
  if (items.length > 0) {
    call.cursor = items.at(-1)!.key;
    call.queue.push({ type: 'dumpChunk', epoch, number, items });
    return;
  }
  call.queue.push({ type: 'dumpEnded', epoch, number, commitIndex });
  call.stage = 'over';
}
