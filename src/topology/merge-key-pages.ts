/** One page of keys in the order of their bytes from pages of several shards, each of which is in that order. Pure. */
import type { ListedKey, ListKeysResponse } from '../wire/contract/kv-api.js';

export interface MergedKeys {
  readonly keys: ListedKey[];
  /** Where the next page begins; empty: this page is the last. */
  readonly nextAfter: string;
}

/** The page has at most `limit` keys. A shard's page that has an end hides the keys behind it, so the merged page ends there. */
export function mergeKeyPages(pages: readonly Pick<ListKeysResponse, 'keys' | 'nextAfter'>[], limit: number): MergedKeys {
  const [firstEnd] = pages.flatMap(({ nextAfter }) => (nextAfter === '' ? [] : [nextAfter])).sort(byBytes);
  const all = pages.flatMap(({ keys }) => keys).sort((one, other) => byBytes(one.key, other.key));
  const certain = firstEnd === undefined ? all : all.filter(({ key }) => byBytes(key, firstEnd) <= 0);
  const keys = certain.slice(0, limit);
  const hasMore = firstEnd !== undefined || certain.length > limit;
  return { keys, nextAfter: hasMore ? (keys.at(-1)?.key ?? '') : '' };
}

function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
