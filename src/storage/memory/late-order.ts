/**
 * The order of the keys of a storage. It is built when it is first needed, and kept from then on. So a storage that is not scanned pays
 * nothing for it, nor does a node that starts or receives a copy.
 *
 * It is built in steps between other work, one segment of the index after another. Until it reaches a segment, changes of that segment's
 * keys are ignored: the segment is read later. In the segment that is being read, a key that changes may be in the order already or not.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { KeyIndex } from './key-index.js';
import { KeyOrder } from './key-order.js';
import { noRecord, startUnitOf } from './record-address.js';
import type { Records } from './records.js';
import type { SegmentWalk } from './segment-walk.js';

/** Keys that are added between two readings of the clock. */
const keysAtOnce = 128;
/** A step ends after this time, so that other work waits about a millisecond. */
const stepMs = 0.7;

export class LateOrder {
  readonly #records: Records;
  readonly #index: KeyIndex;
  /** Undefined: it was not needed yet. */
  #order: KeyOrder | undefined;
  #making: Promise<void> | undefined;
  /** The order has the keys of the segments before this one. */
  #segment = 0;
  /** The walk over the keys of the segment `#segment`. */
  #walk: SegmentWalk | undefined;
  #isClosed = false;

  constructor(records: Records, index: KeyIndex) {
    this.#records = records;
    this.#index = index;
  }

  get bytes(): number {
    return this.#order?.bytes ?? 0;
  }

  /** The order. Undefined: it is not complete yet. */
  get whole(): KeyOrder | undefined {
    return this.#segment === this.#index.segments ? this.#order : undefined;
  }

  /** Begins to build the order, if necessary. @returns undefined if it is complete; otherwise resolves once it is complete or closed. */
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
    // A walk that has begun may not reach the new key.
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

  /** Stops building the order. Idempotent. */
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
