/**
 * Divides `--max-data`, so that the data directory keeps within it: what the data may cost at most, and the log.
 *
 * The log is as large as the data, or has a fixed least size, before a snapshot is taken so that its oldest part can go. It may
 * grow to twice that while the snapshot is being written. Each replica has one snapshot, and one more while the next is written.
 * The most data that fits is published as a part of this node's limit: a primary refuses writes that would exceed it
 * (docs/memory.md). So nothing has to be measured, and the disk is never found to be full by a write that was accepted.
 */
import { statfs } from 'node:fs/promises';
import type { MemoryBudget, NodeBudget } from './memory-budget.js';

export interface DiskBudget {
  /** The whole. */
  readonly maxDiskBytes: number;
  /** The most that the data may cost, as for the memory. */
  readonly dataBytes: number;
  /** The most that all files of the log may take. */
  readonly logBytes: number;
}

/** The log may take the whole divided by this, and the data as well: together with its log and snapshots it then fills the whole. */
const logPart = 2;
const dataPart = 4;
/** Used if no bound is given: the rest is for other users of the file system, and for its own structures. */
const usedPart = 0.9;

export function divideDisk(maxDiskBytes: number): DiskBudget {
  return {
    maxDiskBytes,
    dataBytes: Math.floor(maxDiskBytes / dataPart),
    logBytes: Math.floor(maxDiskBytes / logPart),
  };
}

/** The least that `--max-data` accepts. */
const leastDiskBytes = 2 ** 30;

/**
 * The room of the file system that a data directory may take. A node that starts on a full disk must be able to hold its data too, and
 * to accept writes once there is room: so it is never less than a node needs. @param usedBytes what the folder takes already
 */
export async function defaultMaxDiskBytes(folder: string, usedBytes: number): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return Math.max(leastDiskBytes, Math.floor((bavail * bsize + usedBytes) * usedPart));
}

/** The data has to fit into both. */
export function withinDisk(memory: MemoryBudget, disk: DiskBudget | undefined): NodeBudget {
  if (disk === undefined || memory.dataBytes <= disk.dataBytes) return memory;
  return { ...memory, dataBytes: disk.dataBytes, isDiskBound: true };
}
