/** The stored items of the keys of a transaction, in the form that the core takes. */
import type { FoundItem, TransactEvent } from '../../replication/index.js';

type StoredItems = TransactEvent['stored'];

/** With more keys than this, a map finds the item of a key faster than a search through a list. */
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
