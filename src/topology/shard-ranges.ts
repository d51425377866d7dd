/** Shard numbers, in any order, in few words: `0-5, 9`. */
export function rangesOf(shards: readonly number[]): string {
  const ranges: { first: number; last: number }[] = [];
  for (const shard of [...shards].sort((one, other) => one - other)) {
    const open = ranges.at(-1);
    if (open !== undefined && shard <= open.last + 1) open.last = shard;
    else ranges.push({ first: shard, last: shard });
  }
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
}
