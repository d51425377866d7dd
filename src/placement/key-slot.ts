/** From a key to its slot, and from a slot to its shard. Slots are those of Redis Cluster; a shard is a range of them. */
import { keyHash } from './key-hash.js';

/** The number of slots. It also limits the number of shards, because a shard without a slot could hold no key. */
export const slotCount = 16_384;

/** Inclusive on both sides. */
export interface SlotRange {
  readonly first: number;
  readonly last: number;
}

/** From 0 to `slotCount - 1`. */
export function slotOfKey(key: string): number {
  return keyHash(key) % slotCount;
}

/** From 0 to `shardCount - 1`. @param shardCount from 1 to `slotCount`. */
export function shardOfKey(key: string, shardCount: number): number {
  return Math.floor((slotOfKey(key) * shardCount) / slotCount);
}

/** The slots whose keys belong to the shard. Two shards of a cluster differ by at most one slot. */
export function slotsOfShard(shard: number, shardCount: number): SlotRange {
  const firstOf = (number: number): number => Math.ceil((number * slotCount) / shardCount);
  return { first: firstOf(shard), last: firstOf(shard + 1) - 1 };
}
