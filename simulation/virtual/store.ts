/** A replica's applied state, changed only by effects. A scan under way meets what is added meanwhile, as in a map. */
import type { Change, LogEntry, SnapshotItem } from '../../src/replication/index.js';
import { RequestTable } from '../../src/replication/state/request-table.js';

export interface StoredItem {
  readonly value: Uint8Array;
  readonly version: number;
}

export class Store {
  readonly items: Map<string, StoredItem>;
  /** The requests that are recognised (R16). */
  readonly requests = new RequestTable();

  constructor(from?: { readonly items: ReadonlyMap<string, StoredItem>; readonly requests?: RequestTable }) {
    this.items = new Map(from?.items);
    this.requests.reset(from?.requests?.floor ?? 0);
    this.requests.load(from?.requests?.export(Infinity) ?? []);
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
    for (const { seq, writes, request } of entries) {
      if (request !== undefined) this.requests.apply(request);
      for (const { key, value } of writes) {
        if (this.versionOf(key) > seq) continue;
        if (value === undefined) this.items.delete(key);
        else this.items.set(key, { value, version: seq });
      }
    }
  }

  change(change: Change): void {
    if (change.type === 'reset') this.items.clear();
    if (change.type === 'reset') this.requests.reset(change.requestFloor);
    if (change.type === 'rebase') this.requests.reset(change.baseSeq);
    if (change.type === 'loadRequests') this.requests.load(change.requests);
    if (change.type === 'load') this.#load(change.items);
  }

  #load(items: readonly SnapshotItem[]): void {
    for (const { key, value, version } of items) {
      if (version > this.versionOf(key)) this.items.set(key, { value, version });
    }
  }
}
