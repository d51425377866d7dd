/**
 * Storage in memory: a map, and nothing else. What the core wants persisted is in its own log already and lasts exactly
 * as long as the process, so `persist` has only the dump's changes to make.
 */
import type { Change, DumpItem, LogEntry } from '../replication/index.js';
import type { Storage, StoredValue } from './storage.js';

/** What an item costs on the wire beside its key and value. An estimate. */
const itemOverheadBytes = 16;

export class MemoryStorage implements Storage {
  readonly volatile = true;
  readonly #values = new Map<string, StoredValue>();

  get keyCount(): number {
    return this.#values.size;
  }

  persist(change: Change): undefined {
    if (change.type === 'reset') this.#values.clear();
    if (change.type === 'load') for (const { key, value, version } of change.items) this.#put(key, value, version);
  }

  apply(entries: readonly LogEntry[]): void {
    for (const { key, value, seq } of entries) {
      if (value !== undefined) this.#put(key, value, seq);
      else if ((this.#values.get(key)?.version ?? 0) < seq) this.#values.delete(key);
    }
  }

  get(key: string): StoredValue | undefined {
    return this.#values.get(key);
  }

  /** A map's iterator is live: it meets what is added behind it, so no key that stays is missed. */
  *scan(chunkBytes: number): Iterable<readonly DumpItem[]> {
    let chunk: DumpItem[] = [];
    let bytes = 0;
    for (const [key, { value, version }] of this.#values) {
      chunk.push({ key, value, version });
      bytes += key.length + value.length + itemOverheadBytes;
      if (bytes < chunkBytes) continue;
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    if (chunk.length > 0) yield chunk;
  }

  async close(): Promise<void> {
    this.#values.clear();
  }

  #put(key: string, value: Uint8Array, version: number): void {
    if ((this.#values.get(key)?.version ?? 0) < version) this.#values.set(key, { value, version });
  }
}
