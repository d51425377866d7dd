/** Many operations at once, a bounded number of them under way: what `mget` and `mput` are made of. */

/** Of one bulk call. Several calls share the client's own `maxInFlight`. */
const bulkConcurrency = 64;

/**
 * Applies `work` to every item and returns the results in the order of the items.
 * The first rejection stops the taking of further items and is what the returned promise rejects with.
 */
export async function inParallel<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  let next = 0;
  let failed = false;
  const lane = async () => {
    while (next < items.length && !failed) {
      const index = next;
      next += 1;
      try {
        results[index] = await work(items[index]!);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(bulkConcurrency, items.length) }, lane));
  return results;
}
