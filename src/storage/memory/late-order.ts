/**
 * The order of the keys of a storage, which is made when it is first needed and kept from then on. So a storage that nobody scans pays
 * nothing for it, nor does a node that starts or receives a copy.
 *
 * It is made in steps between other work, one segment of the index after the other. Keys of a segment whose turn has not come are left
 * to that turn. In the segment whose turn it is, a key that changes may be in the order already or not.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { KeyIndex } from './key-index.js';
import { KeyOrder } from './key-order.js';
import { noRecord, startUnitOf } from './record-address.js';
import type { Records } from './records.js';
import type { SegmentWalk } from './segment-walk.js';

/** Between two looks at the clock. */
const keysAtOnce = 128;
/** A step ends after this time, so that other work waits about a millisecond. */
const stepMs = 0.7;

export class LateOrder {
  readonly #records: Records;
  readonly #index: KeyIndex;
  /** Undefined: nobody has needed it yet. */
  #order: KeyOrder | undefined;
  #making: Promise<void> | undefined;
  /** The order has the keys of the segments before this one. */
  #segment = 0;
  /** Goes over the keys of that segment. */
  #walk: SegmentWalk | undefined;
  #isClosed = false;

  constructor(records: Records, index: KeyIndex) {
    this.#records = records;
    this.#index = index;
  }

  get bytes(): number {
    return this.#order?.bytes ?? 0;
  }

  /** The order, if it is complete. */
  get whole(): KeyOrder | undefined {
    return this.#segment === this.#index.segments ? this.#order : undefined;
  }

  /** Makes the order, or the first step of it. Resolves once it is complete, or closed. @returns undefined: it is complete. */
  make(): Promise<void> | undefined {
    if (this.#order === undefined) {
      this.#order = new KeyOrder(this.#records);
      this.#step();
    }
    if (this.whole !== undefined) return undefined;
    this.#making ??= this.#makeRest();
    return this.#making;
  }

  /** The key is new: `length` bytes from `words[start]` on. */
  insert(hash: number, words: Int32Array, start: number, length: number, address: number): void {
    if (this.#order === undefined) return;
    const segment = this.#index.segmentOf(hash);
    // A walk that has begun does not see the key any more.
    if (segment < this.#segment || (segment === this.#segment && this.#walk !== undefined))
      this.#order.insert(words, start, length, address);
  }

  /** The record of the key has moved. */
  replace(hash: number, words: Int32Array, start: number, length: number, from: number, to: number): void {
    if (this.#has(hash, words, start, length, from)) this.#order!.replace(words, start, length, from, to);
  }

  /** The key is removed. Its record must still be there. */
  remove(hash: number, words: Int32Array, start: number, length: number, address: number): void {
    if (this.#has(hash, words, start, length, address)) this.#order!.remove(words, start, length, address);
  }

  /** It is not made any further. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#endWalk();
  }

  #has(hash: number, words: Int32Array, start: number, length: number, address: number): boolean {
    if (this.#order === undefined) return false;
    const segment = this.#index.segmentOf(hash);
    if (segment !== this.#segment) return segment < this.#segment;
    return this.#walk !== undefined && this.#order.has(words, start, length, address);
  }

  async #makeRest(): Promise<void> {
    while (this.whole === undefined) {
      await turn();
      if (this.#isClosed) return;
      this.#step();
    }
  }

  #step(): void {
    const endMs = performance.now() + stepMs;
    do {
      for (let keys = 0; keys < keysAtOnce; keys++) if (!this.#addNext()) return;
    } while (performance.now() < endMs);
  }

  /** @returns false: the order is complete. */
  #addNext(): boolean {
    while (this.#segment < this.#index.segments) {
      this.#walk ??= this.#index.walk(this.#segment);
      const address = this.#walk.next();
      if (address !== noRecord) {
        this.#add(address);
        return true;
      }
      this.#endWalk();
      this.#segment++;
    }
    return false;
  }

  #add(address: number): void {
    const slab = this.#records.slabOf(address);
    const unit = startUnitOf(address);
    this.#order!.insert(slab.words, slab.keyStart(unit), slab.keyLength(unit), address);
  }

  #endWalk(): void {
    if (this.#walk !== undefined) this.#index.endWalk(this.#walk);
    this.#walk = undefined;
  }
}
