/** A replica's applied state, changed only by effects. A scan under way meets what is added meanwhile, as in a map. */
import type { Change, DueKey, FoundItem, LogEntry, SnapshotItem } from '../../src/replication/index.js';
import { RequestTable } from '../../src/replication/state/request-table.js';

export interface StoredItem {
  readonly value: Uint8Array;
  readonly version: number;
  /** The shard's time from which on it is due (R17). */
  readonly expiresAtMs?: number | undefined;
}

export class Store {
  readonly items: Map<string, StoredItem>;
  /** The requests that are recognised (R16). */
  readonly requests = new RequestTable();
  /** The latest time of the shard that the data shows (R17). */
  timeMs: number;

  constructor(from?: { readonly items: ReadonlyMap<string, StoredItem> } & Partial<Pick<Store, 'requests' | 'timeMs'>>) {
    this.items = new Map(from?.items);
    this.timeMs = from?.timeMs ?? 0;
    this.requests.reset(from?.requests?.floor ?? 0);
    this.requests.load(from?.requests?.export(Infinity) ?? []);
  }

  /** 0: absent. */
  versionOf(key: string): number {
    return this.items.get(key)?.version ?? 0;
  }

  itemOf(key: string): FoundItem {
    return this.items.get(key) ?? { value: undefined, version: 0 };
  }

  /** Some keys expire (R17). */
  get hasDeadlines(): boolean {
    return [...this.items.values()].some(({ expiresAtMs }) => expiresAtMs !== undefined);
  }

  /** The keys that are due at this time of the shard (R17). */
  due(timeMs: number): DueKey[] {
    return [...this.items].flatMap(([key, { expiresAtMs = Number.POSITIVE_INFINITY }]) =>
      expiresAtMs <= timeMs ? [{ key, expiresAtMs }] : [],
    );
  }

  /** An entry that is older than the item under its key is skipped: a snapshot may be ahead of the log laid over it. */
  apply(entries: readonly LogEntry[]): void {
    for (const { seq, writes, request, atMs = 0 } of entries) {
      this.timeMs = Math.max(this.timeMs, atMs);
      if (request !== undefined) this.requests.apply(request);
      for (const { key, value, expiresAtMs } of writes) {
        if (this.versionOf(key) > seq) continue;
        if (value === undefined) this.items.delete(key);
        else this.items.set(key, { value, version: seq, expiresAtMs });
      }
    }
  }

  change(change: Change): void {
    if (change.type === 'reset') this.items.clear();
    if (change.type === 'reset') this.requests.reset(change.requestFloor);
    if (change.type === 'reset') this.timeMs = change.timeMs;
    if (change.type === 'rebase') this.requests.reset(change.baseSeq);
    if (change.type === 'loadRequests') this.requests.load(change.requests);
    if (change.type === 'load') this.#load(change.items);
  }

  #load(items: readonly SnapshotItem[]): void {
    for (const { key, ...item } of items) {
      if (item.version > this.versionOf(key)) this.items.set(key, item);
    }
  }
}
