/**
 * Storage in memory. The core's own log already holds what the core wants persisted, and lasts as long as the process. So
 * `persist` only has to execute the changes that a snapshot makes.
 *
 * Keys and values are bytes in a few large pieces of memory, not objects. A million keys take little more memory than their
 * bytes, and neither the garbage collector nor the growth of a table ever holds up the event loop.
 */
import type { Change, DueKey, LogEntry } from '../../replication/index.js';
import type { RangePage, RangeQuery, RecordView, Storage, StoredHead, StoredValue } from '../storage.js';
import { Cleaner } from './cleaner.js';
import type { EncodedKey } from './encoded-key.js';
import type { KeyHash } from './half-sip-hash.js';
import { KeyIndex } from './key-index.js';
import { LateOrder } from './late-order.js';
import { NodeMemory } from './node-memory.js';
import { orderedPage } from './ordered-page.js';
import { noRecord } from './record-address.js';
import { Records } from './records.js';

/** Estimated bytes of an item on the wire beside its key and value. */
const itemOverheadBytes = 16;

/** Limits the entries held back, which bounds their memory if entries arrive faster than turns of the event loop. */
const maxDueEntries = 4_096;

/**
 * Limits of the number of tables in an index: the most if the node has one shard, fewer if many shards share the node. More
 * tables are slower to search, and fewer tables take longer to grow.
 */
const mostSegments = 256;
const fewestSegments = 16;

const noMemory = Buffer.alloc(0);

export class MemoryStorage implements Storage {
  readonly volatile = true;
  readonly persistsAtOnce = true;
  readonly #node: NodeMemory;
  readonly #key: EncodedKey;
  readonly #hash: KeyHash;
  readonly #segments: number;
  readonly range: Storage['range'];
  #records = new Records();
  #index: KeyIndex;
  #order: LateOrder | undefined;
  #cleaner: Cleaner;
  /** Entries that `apply` has received and not applied yet, oldest first. */
  #due: (readonly LogEntry[])[] = [];
  #dueEntries = 0;

  /** @param node what it shares with the other storages of the node. Default: it is the only one. */
  constructor(node = new NodeMemory()) {
    this.#node = node;
    this.#key = node.key;
    this.#hash = node.hash;
    const share = mostSegments / 2 ** Math.ceil(Math.log2(node.shardCount));
    this.#segments = Math.max(fewestSegments, share);
    this.#index = new KeyIndex(this.#segments);
    this.#order = this.#newOrder();
    this.#cleaner = new Cleaner(this.#records, this.#index, this.#order, this.#hash);
    this.range = node.isOrdered ? (query, onMoment) => this.#page(query, onMoment) : undefined;
  }

  get keyCount(): number {
    this.applyHeld();
    return this.#index.count;
  }
  get dataBytes(): number {
    this.applyHeld();
    return this.#records.dataBytes;
  }
  get memoryBytes(): number {
    this.applyHeld();
    return this.#records.memoryBytes + this.#index.bytes + (this.#order?.bytes ?? 0);
  }

  get expiringCount(): number {
    this.applyHeld();
    return this.#records.deadlines.count;
  }
  get earliestExpiryMs(): number | undefined {
    this.applyHeld();
    return this.#records.deadlines.earliestMs;
  }

  persist(change: Change): undefined {
    if (change.type === 'append') return;
    this.applyHeld();
    if (change.type === 'reset') this.#reset();
    if (change.type !== 'load') return;
    for (const { key, value, version, expiresAtMs } of change.items) this.#put(key, value, version, expiresAtMs);
    this.#cleaner.work();
  }

  /** Applies the entries after the current turn, or when the state is next read: acknowledgements and answers leave first. */
  apply(entries: readonly LogEntry[]): void {
    if (this.#due.length === 0) this.#node.applyLater(this);
    this.#due.push(entries);
    this.#dueEntries += entries.length;
    if (this.#dueEntries > maxDueEntries) this.applyHeld();
  }

  /** Applies the entries in this turn: no answer waits, and entries that live for a turn cost the garbage collector more. */
  applyAtOnce(entries: readonly LogEntry[]): void {
    this.#due.push(entries);
    this.applyHeld();
  }

  /** The value is a view of memory that the next `apply` or `persist` may overwrite. */
  get(key: string): StoredValue | undefined {
    this.applyHeld();
    const address = this.#find(this.#hashOf(key));
    return address === noRecord ? undefined : this.#records.read(address);
  }

  head(key: string): StoredHead | undefined {
    this.applyHeld();
    const address = this.#find(this.#hashOf(key));
    return address === noRecord ? undefined : this.#records.head(address);
  }

  due(timeMs: number, most: number, take: (keys: readonly DueKey[]) => void): void {
    this.applyHeld();
    take(this.#records.deadlines.due(timeMs, most).map((address) => this.#records.dueKey(address)));
  }

  /** Scans the index segment by segment. */
  *scan(chunkBytes: number, take: (record: RecordView) => void): Iterable<void> {
    this.applyHeld();
    const index = this.#index;
    const view = { memory: noMemory, keyStart: 0, keyEnd: 0, valueStart: 0, valueEnd: 0, version: 0, expiresAtMs: undefined };
    let bytes = 0;
    for (let segment = 0; segment < index.segments; segment++) {
      const walk = index.walk(segment);
      try {
        for (let address = walk.next(); address !== noRecord; address = walk.next()) {
          this.#records.show(address, view);
          take(view);
          bytes += view.valueEnd - view.keyStart + itemOverheadBytes;
          if (bytes < chunkBytes) continue;
          yield;
          this.applyHeld();
          // After a reset no key is left that existed throughout the scan.
          if (this.#index !== index) return;
          bytes = 0;
        }
      } finally {
        index.endWalk(walk);
      }
    }
    if (bytes > 0) yield;
  }

  async close(): Promise<void> {
    this.#reset();
  }

  /** Applies the entries that are held back. */
  applyHeld(): void {
    if (this.#due.length === 0) return;
    const due = this.#due;
    this.#due = [];
    this.#dueEntries = 0;
    for (const entries of due) {
      for (const { writes, seq } of entries) {
        for (const { key, value, expiresAtMs } of writes) {
          if (value === undefined) this.#delete(key, seq);
          else this.#put(key, value, seq, expiresAtMs);
        }
      }
    }
    this.#cleaner.work();
  }

  #newOrder(): LateOrder | undefined {
    return this.#node.isOrdered ? new LateOrder(this.#records, this.#index) : undefined;
  }

  #page(query: RangeQuery, onMoment?: () => void): RangePage | Promise<RangePage> {
    this.applyHeld();
    const made = this.#order!.make();
    return made === undefined ? this.#pageNow(query, onMoment) : this.#pageOnceMade(made, query, onMoment);
  }

  #pageNow(query: RangeQuery, onMoment?: () => void): RangePage {
    this.applyHeld();
    onMoment?.();
    return orderedPage(this.#order!.whole!, this.#records, query);
  }

  async #pageOnceMade(made: Promise<void>, query: RangeQuery, onMoment?: () => void): Promise<RangePage> {
    // After a reset there is another order.
    for (let wait: Promise<void> | undefined = made; wait !== undefined; wait = this.#order!.make()) await wait;
    const { items, isExhausted } = this.#pageNow(query, onMoment);
    return { items: items.map((item) => ({ ...item, value: item.value?.slice() })), isExhausted };
  }

  #put(key: string, value: Uint8Array, version: number, expiresAtMs: number | undefined): void {
    const hash = this.#hashOf(key);
    const address = this.#find(hash);
    const records = this.#records;
    if (address === noRecord) {
      const added = records.add(this.#key, value, version, expiresAtMs);
      this.#index.insert(hash, added);
      this.#order?.insert(hash, this.#key.words, 0, this.#key.length, added);
    } else if (records.version(address) < version && !records.overwrite(address, value, version, expiresAtMs)) {
      const moved = records.add(this.#key, value, version, expiresAtMs);
      this.#index.replace(hash, address, moved);
      this.#order?.replace(hash, this.#key.words, 0, this.#key.length, address, moved);
      records.remove(address);
    }
  }

  #delete(key: string, version: number): void {
    const hash = this.#hashOf(key);
    const address = this.#find(hash);
    if (address === noRecord || this.#records.version(address) >= version) return;
    this.#index.remove(hash, address);
    this.#order?.remove(hash, this.#key.words, 0, this.#key.length, address);
    this.#records.remove(address);
  }

  #hashOf(key: string): number {
    this.#key.set(key);
    return this.#hash.of(this.#key.words, 0, this.#key.length);
  }

  #find(hash: number): number {
    return this.#index.find(hash, this.#key, this.#records);
  }

  #reset(): void {
    this.#order?.close();
    this.#due = [];
    this.#dueEntries = 0;
    this.#records = new Records();
    this.#index = new KeyIndex(this.#segments);
    this.#order = this.#newOrder();
    this.#cleaner = new Cleaner(this.#records, this.#index, this.#order, this.#hash);
  }
}
