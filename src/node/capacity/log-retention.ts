/** How much of its applied log a replica keeps in memory for replicas that lack only its end. */
import type { MemoryBudget } from './memory-budget.js';

/**
 * Entries of the applied log that a node keeps for replicas that lack only its end: all its shards together, and each shard at
 * least. A part of the memory bounds their bytes.
 */
const retainEntries = 10_000;
const minRetainEntries = 1_000;

/** The bounds of one replica. @param shards those that share the node's memory */
export function retentionOf(
  budget: MemoryBudget,
  shards: number,
): { readonly retainEntries: number; readonly retainBytes: number } {
  return {
    retainEntries: Math.max(minRetainEntries, Math.floor(retainEntries / shards)),
    retainBytes: Math.floor(budget.retainBytes / shards),
  };
}
