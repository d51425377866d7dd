import { rangesOf } from '../topology/shard-ranges.js';

/** Many shard numbers in few words: `shard 3`, `shards 0-5, 9`. */
export function describeShards(shards: readonly number[]): string {
  return `${shards.length === 1 ? 'shard' : 'shards'} ${rangesOf(shards)}`;
}
