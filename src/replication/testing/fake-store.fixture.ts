/** A replica's key-value store, changed only as effect.ts documents. */

import type { Change } from '../protocol/effect.js';
import type { SnapshotItem } from '../protocol/event.js';
import type { Seq } from '../protocol/ids.js';
import type { LogEntry } from '../protocol/log-entry.js';

export class FakeStore {
  readonly items = new Map<string, { readonly value: Uint8Array; readonly version: Seq }>();

  /** 0: absent. */
  versionOf(key: string): Seq {
    return this.items.get(key)?.version ?? 0;
  }

  /** What is older than the item held is skipped: a dump may be ahead of the log. */
  apply(entries: readonly LogEntry[]): void {
    for (const { seq, key, value } of entries) {
      if (this.versionOf(key) > seq) continue;
      if (value === undefined) this.items.delete(key);
      else this.items.set(key, { value, version: seq });
    }
  }

  change(change: Change): void {
    if (change.type === 'reset') this.items.clear();
    if (change.type !== 'load') return;
    for (const { key, value, version } of change.items) this.items.set(key, { value, version });
  }

  /** Up to `count` items with keys above `afterKey`, as they are at this moment. */
  chunk(afterKey: string, count: number): SnapshotItem[] {
    const keys = [...this.items.keys()].filter((key) => key > afterKey).sort();
    return keys.slice(0, count).map((key) => ({ key, ...this.items.get(key)! }));
  }
}
