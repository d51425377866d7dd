/**
 * Divides `--max-memory` into parts. Every queue of a node is bounded by one of them, so that the largest part can be promised to
 * the data. docs/memory.md lists every queue and its bound.
 */
import { totalmem } from 'node:os';

export interface MemoryBudget {
  /** The whole. */
  readonly maxMemoryBytes: number;
  /** The most that keys and values may cost, as `data-cost.ts` counts them. */
  readonly dataBytes: number;
  /** The retained log, all shards together; eight times as much while a snapshot needs it (R10). */
  readonly retainBytes: number;
  /** Writes that are accepted and not committed, all shards together. */
  readonly maxUncommittedBytes: number;
  /** Requests of unary calls and of HTTP that are not answered. */
  readonly maxPendingBytes: number;
  readonly maxPipelines: number;
  /** What the clients of dumps have not read yet, all dumps together. Out of the part for requests. */
  readonly maxDumpBytes: number;
  /** The pages that the clients of scans have not taken yet, all scans together. Out of the part for requests. */
  readonly maxScanBytes: number;
}

/** The budget of a node whose data directory may bound the data as well. */
export interface NodeBudget extends MemoryBudget {
  /** True: `dataBytes` follows from `--max-data`. Default: it follows from `--max-memory`. */
  readonly isDiskBound?: boolean;
}

const mebibyte = 1024 * 1024;

/** The smallest `--max-memory`: less would leave too little for data. */
export const minMaxMemoryBytes = 256 * mebibyte;

/** The memory of a node without data: code, the heap of a busy moment, the native ZooKeeper client. */
const processBytes = 128 * mebibyte;
/** The memory of a shard beside its data. `processBytes` includes that of the first shards. */
const shardBytes = 256 * 1024;
const includedShards = 16;
/** The data gets at least the whole divided by this. A node with too many shards for the rest then takes more than it may. */
const minDataPart = 16;

/** Each part is the whole divided by one of these numbers. */
const retainPart = 64;
const retainGrowth = 8;
const uncommittedPart = 16;
const pendingPart = 16;
/** No part needs more than this. */
const mostRetainBytes = 64 * mebibyte;
const mostUncommittedBytes = 256 * mebibyte;
const mostPendingBytes = 256 * mebibyte;
/** A stream may hold this much for a client that does not read: results, and a message that waits. */
const pipelineBytes = mebibyte / 4;
/** Dumps may hold back the part for requests divided by this, and so may scans. */
const dumpPart = 4;

/** @param shards the most that the node may come to hold. */
export function divideMemory(maxMemoryBytes: number, shards: number): MemoryBudget {
  const retainBytes = Math.min(mostRetainBytes, Math.floor(maxMemoryBytes / retainPart));
  const maxUncommittedBytes = Math.min(mostUncommittedBytes, Math.floor(maxMemoryBytes / uncommittedPart));
  const maxPendingBytes = Math.min(mostPendingBytes, Math.floor(maxMemoryBytes / pendingPart));
  const forShardsBytes = shardBytes * Math.max(0, shards - includedShards);
  const restBytes = maxMemoryBytes - processBytes - retainGrowth * retainBytes - maxUncommittedBytes - maxPendingBytes;
  return {
    maxMemoryBytes,
    dataBytes: Math.max(Math.floor(maxMemoryBytes / minDataPart), restBytes - forShardsBytes),
    retainBytes,
    maxUncommittedBytes,
    maxPendingBytes,
    maxPipelines: Math.floor(maxPendingBytes / pipelineBytes),
    maxDumpBytes: Math.floor(maxPendingBytes / dumpPart),
    maxScanBytes: Math.floor(maxPendingBytes / dumpPart),
  };
}

/** Half of what the machine or the container has. */
export function defaultMaxMemoryBytes(): number {
  // 0, or more than the machine has: no limit is set for this process.
  const constrained = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return Math.max(minMaxMemoryBytes, Math.floor(Math.min(totalmem(), constrained) / 2));
}
