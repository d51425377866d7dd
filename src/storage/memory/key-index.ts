/**
 * Where the record of a key is: many small tables, by the high bits of the key's hash. Each grows by itself, so that no
 * growth takes long, and holds numbers only, so that the garbage collector has nothing to follow.
 */
import { noRecord } from './address.js';
import type { EncodedKey } from './encoded-key.js';
import type { Records } from './records.js';
import { SegmentWalk } from './segment-walk.js';
import { Table } from './table.js';

export class KeyIndex {
  readonly segments: number;
  readonly #tables: (Table | undefined)[];
  /** Those under way. */
  readonly #walks = new Set<SegmentWalk>();
  #count = 0;
  #bytes = 0;

  /** `segments`: a power of two. */
  constructor(segments: number) {
    this.segments = segments;
    this.#tables = new Array<Table | undefined>(segments).fill(undefined);
  }

  get count(): number {
    return this.#count;
  }
  get bytes(): number {
    return this.#bytes;
  }

  /** The address of the key's record, or `noRecord`. */
  find(hash: number, key: EncodedKey, records: Records): number {
    const table = this.#tables[this.#segmentOf(hash)];
    return table === undefined ? noRecord : table.find(hash, key, records);
  }

  /** The key must not be in the index. */
  insert(hash: number, address: number): void {
    const segment = this.#segmentOf(hash);
    let table = this.#tables[segment];
    if (table === undefined) {
      table = new Table();
      this.#tables[segment] = table;
      this.#bytes += table.bytes;
    }
    this.#bytes -= table.bytes;
    table.insert(hash, address);
    this.#bytes += table.bytes;
    this.#count++;
  }

  /** A record that is in the index has moved. */
  replace(hash: number, from: number, to: number): void {
    const segment = this.#segmentOf(hash);
    this.#tables[segment]!.replace(hash, from, to);
    this.#tellWalks(segment, from, to);
  }

  /** The record must be in the index. */
  remove(hash: number, address: number): void {
    const segment = this.#segmentOf(hash);
    const table = this.#tables[segment]!;
    this.#bytes -= table.bytes;
    table.remove(hash, address);
    if (table.count === 0) this.#tables[segment] = undefined;
    else this.#bytes += table.bytes;
    this.#count--;
    this.#tellWalks(segment, address, noRecord);
  }

  /** Of the records that are there now. The caller ends it. */
  walk(segment: number): SegmentWalk {
    const walk = new SegmentWalk(segment, this.#tables[segment]?.addresses() ?? []);
    this.#walks.add(walk);
    return walk;
  }

  endWalk(walk: SegmentWalk): void {
    this.#walks.delete(walk);
  }

  #tellWalks(segment: number, from: number, to: number): void {
    if (this.#walks.size === 0) return;
    for (const walk of this.#walks) if (walk.segment === segment) walk.moved(from, to);
  }

  /** By the high bits: a table goes by the low ones. */
  #segmentOf(hash: number): number {
    return ((hash >>> 16) * this.segments) >>> 16;
  }
}
