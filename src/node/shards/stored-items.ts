/** What is stored under the keys of a transaction, as the core takes it. */
import type { FoundItem, TransactEvent } from '../../replication/index.js';

type StoredItems = TransactEvent['stored'];

/** For more keys a map finds the item of a key. */
const manyKeys = 16;

/** @param items those of the keys, in their order */
export function storedItems(keys: readonly string[], items: readonly FoundItem[]): StoredItems {
  if (keys.length > manyKeys) return new Map(keys.map((key, index) => [key, items[index]!]));
  return new FewItems(keys, items);
}

class FewItems implements StoredItems {
  readonly #keys: readonly string[];
  readonly #items: readonly FoundItem[];

  constructor(keys: readonly string[], items: readonly FoundItem[]) {
    this.#keys = keys;
    this.#items = items;
  }

  get(key: string): FoundItem | undefined {
    return this.#items[this.#keys.indexOf(key)];
  }
}
