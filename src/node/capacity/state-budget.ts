/**
 * How much data a node may hold that has it in a database, and what of its memory the database gets. The part of the memory that is for
 * data holds no data there: it is for writes that wait for the database, and for pages of it.
 */
import type { DiskBudget } from './disk-budget.js';
import type { MemoryBudget, NodeBudget } from './memory-budget.js';

export interface StateMemory {
  /** Writes that wait for the database, all shards together. */
  readonly overlayBytes: number;
  /** Pages of a database in the data directory. */
  readonly cacheBytes: number;
}

const overlayPart = 4;
const mostOverlayBytes = 256 * 1024 * 1024;
/** Only the database bounds the data: what a node publishes as its limit is above every amount of data. */
const unlimitedBytes = 2 ** 50;

export function stateMemoryOf({ dataBytes }: MemoryBudget): StateMemory {
  const overlayBytes = Math.min(mostOverlayBytes, Math.floor(dataBytes / overlayPart));
  return { overlayBytes, cacheBytes: dataBytes - overlayBytes };
}

/** The budget with the most that the data may cost. @param disk undefined: the data is on another machine */
export function withDatabase(memory: MemoryBudget, disk: DiskBudget | undefined): NodeBudget {
  if (disk === undefined) return { ...memory, dataBytes: unlimitedBytes };
  return { ...memory, dataBytes: disk.dataBytes, isDiskBound: true };
}
