/** Runs the operations of one bulk call, a few of each shard at a time, so that a shard without a primary does not delay others. */

/** Limits the operations in flight of one shard in one call. All calls share the client's `maxInFlight`. */
const shardConcurrency = 64;
/** Limits the operations in flight of all shards in one call; each shard has at least one. */
const callConcurrency = 1_024;

/**
 * Applies `work` to every item and returns the results in the order of the items.
 * After the first rejection no further item is begun, and the returned promise rejects with it.
 */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  shardOf: (item: Item) => number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  let failed = false;
  const lane = async (indexes: Iterator<number>) => {
    for (let next = indexes.next(); !next.done && !failed; next = indexes.next()) {
      try {
        results[next.value] = await work(items[next.value]!);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const groups = indexesByShard(items, shardOf);
  const lanes = Math.min(shardConcurrency, Math.max(1, Math.floor(callConcurrency / groups.length)));
  await Promise.all(
    groups.flatMap((group) => {
      const indexes = group.values();
      return Array.from({ length: Math.min(lanes, group.length) }, () => lane(indexes));
    }),
  );
  return results;
}

function indexesByShard<Item>(items: readonly Item[], shardOf: (item: Item) => number): number[][] {
  const groups = new Map<number, number[]>();
  for (const [index, item] of items.entries()) {
    const shard = shardOf(item);
    const group = groups.get(shard);
    if (group === undefined) groups.set(shard, [index]);
    else group.push(index);
  }
  return [...groups.values()];
}
