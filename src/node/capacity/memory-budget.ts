/**
 * How `--max-memory` is divided. What a node holds for others is bounded by parts of it, so that the largest part can be
 * promised to the data; docs/memory.md lists every queue and what bounds it.
 */
import { totalmem } from 'node:os';

export interface MemoryBudget {
  /** All of it. */
  readonly maxMemoryBytes: number;
  /** For keys and values, as `data-cost.ts` counts them. */
  readonly dataBytes: number;
  /** The retained log; eight times as much while a dump needs it (R10). */
  readonly retainBytes: number;
  /** Writes that are accepted and not committed. */
  readonly maxUncommittedBytes: number;
  /** Requests of unary calls that are not answered. */
  readonly maxPendingBytes: number;
  readonly maxPipelines: number;
}

const mebibyte = 1024 * 1024;

/** Below this there would be no room for data worth the name. */
export const minMaxMemoryBytes = 256 * mebibyte;

/** What a node takes that holds nothing: code, the heap of a busy moment, the native ZooKeeper client. */
const processBytes = 128 * mebibyte;
/** What each shard takes beside its data, of those that are more than `processBytes` reckons with. */
const shardBytes = 256 * 1024;
const shardsReckonedWith = 16;
/** Of the whole, for data at the least: with more shards than the rest is enough for, a node takes more than it may. */
const dataPart = 16;

/** Parts of the whole. */
const retainPart = 64;
const retainGrowth = 8;
const uncommittedPart = 16;
const pendingPart = 16;
/** Beyond these nothing is gained. */
const mostRetainBytes = 64 * mebibyte;
const mostUncommittedBytes = 256 * mebibyte;
const mostPendingBytes = 256 * mebibyte;
/** What a stream may hold for a client that does not read: results, and a message that waits. */
const pipelineBytes = mebibyte / 4;

/** `shards`: as many as the node may come to hold. */
export function divideMemory(maxMemoryBytes: number, shards: number): MemoryBudget {
  const retainBytes = Math.min(mostRetainBytes, Math.floor(maxMemoryBytes / retainPart));
  const maxUncommittedBytes = Math.min(mostUncommittedBytes, Math.floor(maxMemoryBytes / uncommittedPart));
  const maxPendingBytes = Math.min(mostPendingBytes, Math.floor(maxMemoryBytes / pendingPart));
  const forShardsBytes = shardBytes * Math.max(0, shards - shardsReckonedWith);
  const restBytes = maxMemoryBytes - processBytes - retainGrowth * retainBytes - maxUncommittedBytes - maxPendingBytes;
  return {
    maxMemoryBytes,
    dataBytes: Math.max(Math.floor(maxMemoryBytes / dataPart), restBytes - forShardsBytes),
    retainBytes,
    maxUncommittedBytes,
    maxPendingBytes,
    maxPipelines: Math.floor(maxPendingBytes / pipelineBytes),
  };
}

/** Half of what the machine or the container has. */
export function defaultMaxMemoryBytes(): number {
  // 0 or more than there is: no limit is set for this process.
  const constrained = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return Math.max(minMaxMemoryBytes, Math.floor(Math.min(totalmem(), constrained) / 2));
}
