/**
 * Index of the records that expire, by deadline: a heap in which each node has four children (Johnson, Priority Queues with Update
 * and Finding Minimum Spanning Trees, 1975; LaMarca, Ladner, The Influence of Caches on the Performance of Heaps, 1996).
 *
 * An item takes ten bytes: the address of its record, and its deadline in 48 bits. The record holds the item's place in turn, so a
 * deadline changes, and goes with its record, without a search. The items lie in small pages, so no growth copies much.
 */
import { noRecord } from './record-address.js';

const children = 4;
const pageBits = 10;
const pageItems = 1 << pageBits;
const itemBytes = 10;
const highUnit = 2 ** 32;
/** Limits what is kept for each record. It is more than eight thousand years of milliseconds. */
const maxDeadlineMs = 2 ** 48 - 1;

interface Page {
  readonly addresses: Int32Array;
  /** The deadline's low 32 bits, and the 16 above them. */
  readonly low: Uint32Array;
  readonly high: Uint16Array;
}

/** A record has got another place in the index. */
export type OnPlaced = (address: number, place: number) => void;

export class Deadlines {
  readonly #pages: Page[] = [];
  readonly #onPlaced: OnPlaced;
  #count = 0;

  constructor(onPlaced: OnPlaced) {
    this.#onPlaced = onPlaced;
  }

  get count(): number {
    return this.#count;
  }
  get bytes(): number {
    return this.#pages.length * pageItems * itemBytes;
  }
  /** Undefined: no record expires. */
  get earliestMs(): number | undefined {
    return this.#count === 0 ? undefined : this.at(0);
  }

  /** The deadline of the record with this place. */
  at(place: number): number {
    const page = this.#pages[place >>> pageBits]!;
    const index = place & (pageItems - 1);
    return page.high[index]! * highUnit + page.low[index]!;
  }

  add(deadlineMs: number, address: number): void {
    if (this.#count === this.#pages.length * pageItems) this.#pages.push(newPage());
    this.#rise(this.#count++, Math.min(deadlineMs, maxDeadlineMs), address);
  }

  change(place: number, deadlineMs: number): void {
    this.#put(place, Math.min(deadlineMs, maxDeadlineMs), this.#addressAt(place));
  }

  /** The record has moved in memory. */
  moved(place: number, address: number): void {
    this.#pages[place >>> pageBits]!.addresses[place & (pageItems - 1)] = address;
  }

  remove(place: number): void {
    const last = --this.#count;
    if (place !== last) this.#put(place, this.at(last), this.#addressAt(last));
    // One page beyond those in use stays, so that items that come and go do not make pages.
    if (this.#pages.length > ((last + pageItems - 1) >>> pageBits) + 1) this.#pages.pop();
  }

  /** Addresses of records whose deadlines are at most `timeMs`: the earliest ones first, approximately, and at most `most`. */
  due(timeMs: number, most: number): number[] {
    const addresses: number[] = [];
    const places = this.#count > 0 && this.at(0) <= timeMs ? [0] : [];
    // A node is due only if all nodes above it are, so the search sees at most four nodes for each that is due.
    for (let next = 0; next < places.length && addresses.length < most; next++) {
      const place = places[next]!;
      addresses.push(this.#addressAt(place));
      const end = Math.min(children * place + children, this.#count - 1);
      for (let child = children * place + 1; child <= end; child++) if (this.at(child) <= timeMs) places.push(child);
    }
    return addresses;
  }

  #addressAt(place: number): number {
    return this.#pages[place >>> pageBits]!.addresses[place & (pageItems - 1)]!;
  }

  /** Puts an item in the place of another, and restores the order of the heap. */
  #put(place: number, deadlineMs: number, address: number): void {
    if (place > 0 && this.at((place - 1) >>> 2) > deadlineMs) this.#rise(place, deadlineMs, address);
    else this.#sink(place, deadlineMs, address);
  }

  #rise(from: number, deadlineMs: number, address: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >>> 2;
      const parentMs = this.at(parent);
      if (parentMs <= deadlineMs) break;
      this.#set(place, parentMs, this.#addressAt(parent));
      place = parent;
    }
    this.#set(place, deadlineMs, address);
  }

  #sink(from: number, deadlineMs: number, address: number): void {
    let place = from;
    for (;;) {
      const child = this.#earliestChild(place);
      if (child === undefined) break;
      const childMs = this.at(child);
      if (childMs >= deadlineMs) break;
      this.#set(place, childMs, this.#addressAt(child));
      place = child;
    }
    this.#set(place, deadlineMs, address);
  }

  #earliestChild(place: number): number | undefined {
    const first = children * place + 1;
    if (first >= this.#count) return undefined;
    const end = Math.min(first + children, this.#count);
    let earliest = first;
    for (let child = first + 1; child < end; child++) if (this.at(child) < this.at(earliest)) earliest = child;
    return earliest;
  }

  #set(place: number, deadlineMs: number, address: number): void {
    const page = this.#pages[place >>> pageBits]!;
    const index = place & (pageItems - 1);
    page.addresses[index] = address;
    page.low[index] = deadlineMs % highUnit;
    page.high[index] = Math.floor(deadlineMs / highUnit);
    this.#onPlaced(address, place);
  }
}

function newPage(): Page {
  const memory = new ArrayBuffer(pageItems * itemBytes);
  return {
    addresses: new Int32Array(memory, 0, pageItems).fill(noRecord),
    low: new Uint32Array(memory, 4 * pageItems, pageItems),
    high: new Uint16Array(memory, 8 * pageItems, pageItems),
  };
}
