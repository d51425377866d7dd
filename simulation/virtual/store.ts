/** A replica's applied state, changed only by effects. A scan under way meets what is added meanwhile, as in a map. */
import type { Change, LogEntry, SnapshotItem } from '../../src/replication/index.js';

export interface StoredItem {
  readonly value: Uint8Array;
  readonly version: number;
}

export class Store {
  readonly items: Map<string, StoredItem>;

  constructor(items: ReadonlyMap<string, StoredItem> = new Map()) {
    this.items = new Map(items);
  }

  /** 0: absent. */
  versionOf(key: string): number {
    return this.items.get(key)?.version ?? 0;
  }

  itemOf(key: string): { readonly value: Uint8Array | undefined; readonly version: number } {
    return this.items.get(key) ?? { value: undefined, version: 0 };
  }

  /** An entry that is older than the item under its key is skipped: a snapshot may be ahead of the log laid over it. */
  apply(entries: readonly LogEntry[]): void {
    for (const { seq, writes } of entries) {
      for (const { key, value } of writes) {
        if (this.versionOf(key) > seq) continue;
        if (value === undefined) this.items.delete(key);
        else this.items.set(key, { value, version: seq });
      }
    }
  }

  change(change: Change): void {
    if (change.type === 'reset') this.items.clear();
    if (change.type === 'load') this.#load(change.items);
  }

  #load(items: readonly SnapshotItem[]): void {
    for (const { key, value, version } of items) {
      if (version > this.versionOf(key)) this.items.set(key, { value, version });
    }
  }
}
