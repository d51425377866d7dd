/** A replica's applied state, changed only as effects say. Keys iterate as in a map: what is added is met by a scan under way. */
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

  /** What is older than the item held is skipped: a dump may be ahead of the log laid over it. */
  apply(entries: readonly LogEntry[]): void {
    for (const { seq, key, value } of entries) {
      if (this.versionOf(key) > seq) continue;
      if (value === undefined) this.items.delete(key);
      else this.items.set(key, { value, version: seq });
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
