/**
 * Storage in memory. What the core wants persisted is in its own log already and lasts exactly as long as the process, so
 * `persist` has only the dump's changes to make.
 *
 * Keys and values are bytes in a few large pieces of memory, not objects: a million of them takes little more than they
 * have, and never makes the garbage collector or the growth of a table hold up the event loop.
 */
import { randomBytes } from 'node:crypto';
import type { Change, LogEntry } from '../../replication/index.js';
import type { RecordView, Storage, StoredValue } from '../storage.js';
import { noRecord } from './address.js';
import { Cleaner } from './cleaner.js';
import { EncodedKey } from './encoded-key.js';
import { KeyHash } from './key-hash.js';
import { KeyIndex } from './key-index.js';
import { Records } from './records.js';

/** What an item costs on the wire beside its key and value. An estimate. */
const itemOverheadBytes = 16;

/** What is held back stays bounded also where entries come faster than turns of the event loop. */
const maxDueEntries = 4_096;

/** Tables of the index of one shard that has a node for itself: more are slower to look into, fewer take longer to grow. */
const mostSegments = 256;
const fewestSegments = 16;

const noMemory = Buffer.alloc(0);

const seed = new Int32Array(new Uint8Array(randomBytes(8)).buffer);

export class MemoryStorage implements Storage {
  readonly volatile = true;
  readonly #key = new EncodedKey();
  readonly #hash = new KeyHash(seed[0]!, seed[1]!);
  readonly #segments: number;
  #records = new Records();
  #index: KeyIndex;
  #cleaner: Cleaner;
  /** Given to `apply` and not applied yet, oldest first. */
  #due: (readonly LogEntry[])[] = [];
  #dueEntries = 0;

  /** `shardCount`: storages that share the keys of a node, about evenly. */
  constructor(shardCount = 1) {
    const share = mostSegments / 2 ** Math.ceil(Math.log2(shardCount));
    this.#segments = Math.max(fewestSegments, share);
    this.#index = new KeyIndex(this.#segments);
    this.#cleaner = new Cleaner(this.#records.slabs, this.#index, this.#hash);
  }

  get keyCount(): number {
    this.#applyDue();
    return this.#index.count;
  }
  get dataBytes(): number {
    this.#applyDue();
    return this.#records.dataBytes;
  }
  get memoryBytes(): number {
    this.#applyDue();
    return this.#records.memoryBytes + this.#index.bytes;
  }

  persist(change: Change): undefined {
    if (change.type === 'append') return;
    this.#applyDue();
    if (change.type === 'reset') this.#reset();
    if (change.type !== 'load') return;
    for (const { key, value, version } of change.items) this.#put(key, value, version);
    this.#cleaner.work();
  }

  /**
   * A little later, unless somebody looks before: acknowledgements and answers leave first, and others work meanwhile.
   */
  apply(entries: readonly LogEntry[]): void {
    if (this.#due.length === 0) setImmediate(() => this.#applyDue());
    this.#due.push(entries);
    this.#dueEntries += entries.length;
    if (this.#dueEntries > maxDueEntries) this.#applyDue();
  }

  /** The value is a view of memory that the next `apply` or `persist` may use for something else. */
  get(key: string): StoredValue | undefined {
    this.#applyDue();
    const address = this.#find(this.#hashOf(key));
    return address === noRecord ? undefined : this.#records.read(address);
  }

  version(key: string): number {
    this.#applyDue();
    const address = this.#find(this.#hashOf(key));
    return address === noRecord ? 0 : this.#records.version(address);
  }

  /** Segment by segment of the index. */
  *scan(chunkBytes: number, take: (record: RecordView) => void): Iterable<void> {
    this.#applyDue();
    const index = this.#index;
    const view = { memory: noMemory, keyStart: 0, keyEnd: 0, valueStart: 0, valueEnd: 0, version: 0 };
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
          this.#applyDue();
          // After a reset nothing is left that has been there all the time.
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

  #applyDue(): void {
    if (this.#due.length === 0) return;
    const due = this.#due;
    this.#due = [];
    this.#dueEntries = 0;
    for (const entries of due) {
      for (const { key, value, seq } of entries) {
        if (value === undefined) this.#delete(key, seq);
        else this.#put(key, value, seq);
      }
    }
    this.#cleaner.work();
  }

  #put(key: string, value: Uint8Array, version: number): void {
    const hash = this.#hashOf(key);
    const address = this.#find(hash);
    if (address === noRecord) {
      this.#index.insert(hash, this.#records.add(this.#key, value, version));
    } else if (this.#records.version(address) < version && !this.#records.overwrite(address, value, version)) {
      this.#index.replace(hash, address, this.#records.add(this.#key, value, version));
      this.#records.remove(address);
    }
  }

  #delete(key: string, version: number): void {
    const hash = this.#hashOf(key);
    const address = this.#find(hash);
    if (address === noRecord || this.#records.version(address) >= version) return;
    this.#index.remove(hash, address);
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
    this.#due = [];
    this.#dueEntries = 0;
    this.#records = new Records();
    this.#index = new KeyIndex(this.#segments);
    this.#cleaner = new Cleaner(this.#records.slabs, this.#index, this.#hash);
  }
}
