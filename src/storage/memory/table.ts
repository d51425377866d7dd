/**
 * A small hash table of addresses. It uses open addressing with linear probing. A deletion shifts back the slots that follow, so
 * there are no tombstones (Knuth, The Art of Computer Programming 3, 6.4, algorithms L and R).
 */

import type { EncodedKey } from './encoded-key.js';
import { noRecord } from './record-address.js';
import type { Records } from './records.js';

const minSlots = 8;

export class Table {
  /** Pairs of hash and address. An empty slot has the address `noRecord`. */
  #slots = new Int32Array(2 * minSlots);
  #mask = minSlots - 1;
  #count = 0;

  get count(): number {
    return this.#count;
  }
  get bytes(): number {
    return this.#slots.byteLength;
  }

  find(hash: number, key: EncodedKey, records: Records): number {
    const slots = this.#slots;
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const address = slots[2 * slot + 1]!;
      if (address === noRecord) return noRecord;
      if (slots[2 * slot] === hash && records.hasKey(address, key)) return address;
    }
  }

  /** The key must not be in the table. */
  insert(hash: number, address: number): void {
    if (4 * (this.#count + 1) > 3 * (this.#mask + 1)) this.#resize(2 * (this.#mask + 1));
    this.#place(hash, address);
    this.#count++;
  }

  replace(hash: number, from: number, to: number): void {
    this.#slots[2 * this.#slotOf(hash, from) + 1] = to;
  }

  remove(hash: number, address: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let hole = this.#slotOf(hash, address);
    for (let slot = (hole + 1) & mask; slots[2 * slot + 1] !== noRecord; slot = (slot + 1) & mask) {
      // An entry that is nearer to its home slot than to the hole must stay: the hole lies before its home.
      if (((slot - slots[2 * slot]!) & mask) < ((slot - hole) & mask)) continue;
      slots[2 * hole] = slots[2 * slot]!;
      slots[2 * hole + 1] = slots[2 * slot + 1]!;
      hole = slot;
    }
    slots[2 * hole] = 0;
    slots[2 * hole + 1] = noRecord;
    this.#count--;
    const slotCount = mask + 1;
    if (slotCount > minSlots && 8 * this.#count < slotCount) this.#resize(slotCount / 2);
  }

  addresses(): number[] {
    const slots = this.#slots;
    const found: number[] = [];
    for (let at = 1; at < slots.length; at += 2) if (slots[at] !== noRecord) found.push(slots[at]!);
    return found;
  }

  #slotOf(hash: number, address: number): number {
    let slot = hash & this.#mask;
    while (this.#slots[2 * slot + 1] !== address) slot = (slot + 1) & this.#mask;
    return slot;
  }

  #place(hash: number, address: number): void {
    let slot = hash & this.#mask;
    while (this.#slots[2 * slot + 1] !== noRecord) slot = (slot + 1) & this.#mask;
    this.#slots[2 * slot] = hash;
    this.#slots[2 * slot + 1] = address;
  }

  #resize(slotCount: number): void {
    const old = this.#slots;
    this.#slots = new Int32Array(2 * slotCount);
    this.#mask = slotCount - 1;
    for (let at = 0; at < old.length; at += 2) if (old[at + 1] !== noRecord) this.#place(old[at]!, old[at + 1]!);
  }
}
