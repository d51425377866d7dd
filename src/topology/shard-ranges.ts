/** Many shard numbers in few words. */

/** @returns the numbers, given in any order, as ranges: `0-5, 9`. */
export function rangesOf(shards: readonly number[]): string {
  const ranges: { first: number; last: number }[] = [];
  for (const shard of [...shards].sort((one, other) => one - other)) {
    const open = ranges.at(-1);
    if (open !== undefined && shard <= open.last + 1) open.last = shard;
    else ranges.push({ first: shard, last: shard });
  }
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
}

/** @returns the numbers with their noun: `shard 3`, `shards 0-5, 9`. */
export function describeShards(shards: readonly number[]): string {
  return `${shards.length === 1 ? 'shard' : 'shards'} ${rangesOf(shards)}`;
}
