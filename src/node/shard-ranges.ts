/** Many shard numbers in few words: `shard 3`, `shards 0-5, 9`. */
export function describeShards(shards: readonly number[]): string {
  const sorted = [...shards].sort((one, other) => one - other);
  const ranges: { first: number; last: number }[] = [];
  for (const shard of sorted) {
    const open = ranges.at(-1);
    if (open !== undefined && shard <= open.last + 1) open.last = shard;
    else ranges.push({ first: shard, last: shard });
  }
  const told = ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
  return `${sorted.length === 1 ? 'shard' : 'shards'} ${told}`;
}
