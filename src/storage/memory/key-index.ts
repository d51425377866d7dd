/**
 * Index from keys to the addresses of their records: many small tables, chosen by the high bits of the key's hash. Each table
 * grows by itself, so no growth takes long. Tables hold only numbers, so the garbage collector has nothing to follow.
 */

import type { EncodedKey } from './encoded-key.js';
import { noRecord } from './record-address.js';
import type { Records } from './records.js';
import { SegmentWalk } from './segment-walk.js';
import { Table } from './table.js';

export class KeyIndex {
  readonly segments: number;
  readonly #tables: (Table | undefined)[];
  /** The walks that have not ended. */
  readonly #walks = new Set<SegmentWalk>();
  #count = 0;
  #bytes = 0;

  /** @param segments number of tables, a power of two. */
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
    const table = this.#tables[this.segmentOf(hash)];
    return table === undefined ? noRecord : table.find(hash, key, records);
  }

  /** The key must not be in the index. */
  insert(hash: number, address: number): void {
    const segment = this.segmentOf(hash);
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

  /** Notes that a record in the index has moved. */
  replace(hash: number, from: number, to: number): void {
    const segment = this.segmentOf(hash);
    this.#tables[segment]!.replace(hash, from, to);
    this.#updateWalks(segment, from, to);
  }

  /** The record must be in the index. */
  remove(hash: number, address: number): void {
    const segment = this.segmentOf(hash);
    const table = this.#tables[segment]!;
    this.#bytes -= table.bytes;
    table.remove(hash, address);
    if (table.count === 0) this.#tables[segment] = undefined;
    else this.#bytes += table.bytes;
    this.#count--;
    this.#updateWalks(segment, address, noRecord);
  }

  /** Starts a walk over the records that the segment holds now. The caller must end it with `endWalk`. */
  walk(segment: number): SegmentWalk {
    const walk = new SegmentWalk(segment, this.#tables[segment]?.addresses() ?? []);
    this.#walks.add(walk);
    return walk;
  }

  endWalk(walk: SegmentWalk): void {
    this.#walks.delete(walk);
  }

  #updateWalks(segment: number, from: number, to: number): void {
    if (this.#walks.size === 0) return;
    for (const walk of this.#walks) if (walk.segment === segment) walk.moved(from, to);
  }

  /** The table of a key. Uses the high bits of the hash, because a table uses the low ones. */
  segmentOf(hash: number): number {
    return ((hash >>> 16) * this.segments) >>> 16;
  }
}
