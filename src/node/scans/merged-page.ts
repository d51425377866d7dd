/** One page of the keys of all shards, in order, from pages of each shard: for HTTP, whose callers ask any node. */
import { compareUtf8 } from '../../utf8-order.js';
import type { ScannedValue, ScanPage } from '../../wire/scan/scan-messages.js';

export interface MergedPage {
  readonly records: readonly ScannedValue[];
  /** The last key of the page, if others may follow. Undefined: the page is the last. */
  readonly nextAfter: string | undefined;
}

/** What one shard has shown: its next keys in the order of the scan. */
interface ShardKeys {
  readonly records: readonly ScannedValue[];
  readonly isExhausted: boolean;
}

/** Limits the shards that are read at the same time. */
const shardsAtOnce = 16;

/** @param read reads the next pages of a shard: `limit` keys together, fewer if the range has no more or the pages are full */
export async function mergedPage(
  shardCount: number,
  { limit, reverse }: { readonly limit: number; readonly reverse: boolean },
  read: (shard: number) => Promise<readonly ScanPage[]>,
): Promise<MergedPage> {
  const found: ShardKeys[] = [];
  for (let first = 0; first < shardCount; first += shardsAtOnce) {
    const shards = Array.from({ length: Math.min(shardsAtOnce, shardCount - first) }, (_, index) => first + index);
    for (const pages of await Promise.all(shards.map(read)))
      found.push({ records: pages.flatMap(({ records }) => records), isExhausted: pages.at(-1)?.isExhausted === true });
  }
  return merge(found, limit, reverse);
}

/** Nothing is known of a shard behind the last key read from it, so the merged page ends there unless the shard is exhausted. */
function merge(found: readonly ShardKeys[], limit: number, reverse: boolean): MergedPage {
  const order = (one: string, other: string): number => (reverse ? -1 : 1) * compareUtf8(one, other);
  const ends = found.flatMap(({ records, isExhausted }) => (isExhausted ? [] : [records.at(-1)?.key ?? '']));
  const [firstEnd] = ends.sort(order);
  const all = found.flatMap(({ records }) => records).sort((one, other) => order(one.key, other.key));
  const certain = firstEnd === undefined ? all : all.filter(({ key }) => order(key, firstEnd) <= 0);
  const records = certain.slice(0, limit);
  const hasMore = firstEnd !== undefined || certain.length > limit;
  return { records, nextAfter: hasMore ? records.at(-1)?.key : undefined };
}
