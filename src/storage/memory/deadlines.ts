/**
 * Index of the records that expire, by deadline: a heap in which each node has four children (Johnson, Priority Queues with Update
 * and Finding Minimum Spanning Trees, 1975; LaMarca, Ladner, The Influence of Caches on the Performance of Heaps, 1996).
 *
 * An item takes eight bytes: the address of its record, and its deadline in units of about a second. The record holds the rest of
 * the deadline, which is read only where two units are equal, and the item's place in the heap. So a deadline changes, and goes
 * with its record, without a search. The items lie in small pages, so no growth copies much.
 */

const children = 4;
const pageBits = 10;
const pageItems = 1 << pageBits;
const itemBytes = 8;
const unitMs = 1_024;
/** Limits the units to 32 bits: 139 years of the time of a shard. */
const maxDeadlineMs = 2 ** 32 * unitMs - 1;

interface Page {
  readonly addresses: Int32Array;
  readonly units: Uint32Array;
}

/** What the records hold for the index. */
export interface IndexedRecords {
  setPlace(address: number, place: number): void;
  /** The part of the deadline that its unit leaves. */
  restMs(address: number): number;
}

/** The part of a deadline that the record holds: below `unitMs`. */
export function restOf(deadlineMs: number): number {
  return Math.min(deadlineMs, maxDeadlineMs) % unitMs;
}

function unitOf(deadlineMs: number): number {
  return Math.floor(Math.min(deadlineMs, maxDeadlineMs) / unitMs);
}

export class Deadlines {
  readonly #pages: Page[] = [];
  readonly #records: IndexedRecords;
  #count = 0;

  constructor(records: IndexedRecords) {
    this.#records = records;
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
    return this.#unitAt(place) * unitMs + this.#restAt(place);
  }

  /** The record must hold the rest of the deadline, here and in `change`. */
  add(deadlineMs: number, address: number): void {
    if (this.#count === this.#pages.length * pageItems) this.#pages.push(newPage());
    this.#rise(this.#count++, unitOf(deadlineMs), address);
  }

  change(place: number, deadlineMs: number): void {
    this.#put(place, unitOf(deadlineMs), this.#addressAt(place));
  }

  /** The record has moved in memory. */
  moved(place: number, address: number): void {
    this.#pages[place >>> pageBits]!.addresses[place & (pageItems - 1)] = address;
  }

  remove(place: number): void {
    const last = --this.#count;
    if (place !== last) this.#put(place, this.#unitAt(last), this.#addressAt(last));
    // One page beyond those in use stays, so that items that come and go do not make pages.
    if (this.#pages.length > ((last + pageItems - 1) >>> pageBits) + 1) this.#pages.pop();
  }

  /** Addresses of records whose deadlines are at most `timeMs`: the earliest ones first, approximately, and at most `most`. */
  due(timeMs: number, most: number): number[] {
    const addresses: number[] = [];
    const places = this.#isDue(0, timeMs) ? [0] : [];
    // A node is due only if all nodes above it are, so the search sees at most four nodes for each that is due.
    for (let next = 0; next < places.length && addresses.length < most; next++) {
      const place = places[next]!;
      addresses.push(this.#addressAt(place));
      const first = children * place + 1;
      for (let child = first; child < first + children; child++) if (this.#isDue(child, timeMs)) places.push(child);
    }
    return addresses;
  }

  #isDue(place: number, timeMs: number): boolean {
    if (place >= this.#count) return false;
    const unit = this.#unitAt(place);
    const last = Math.floor(timeMs / unitMs);
    return unit < last || (unit === last && this.#restAt(place) <= timeMs % unitMs);
  }

  #unitAt(place: number): number {
    return this.#pages[place >>> pageBits]!.units[place & (pageItems - 1)]!;
  }
  #addressAt(place: number): number {
    return this.#pages[place >>> pageBits]!.addresses[place & (pageItems - 1)]!;
  }
  #restAt(place: number): number {
    return this.#records.restMs(this.#addressAt(place));
  }

  /** Whether the record is due before the one at `place`. */
  #isBefore(unit: number, address: number, place: number): boolean {
    const other = this.#unitAt(place);
    return unit < other || (unit === other && this.#records.restMs(address) < this.#restAt(place));
  }

  #isAfter(unit: number, address: number, place: number): boolean {
    const other = this.#unitAt(place);
    return unit > other || (unit === other && this.#records.restMs(address) > this.#restAt(place));
  }

  /** Puts an item in the place of another, and restores the order of the heap. */
  #put(place: number, unit: number, address: number): void {
    if (place > 0 && this.#isBefore(unit, address, (place - 1) >>> 2)) this.#rise(place, unit, address);
    else this.#sink(place, unit, address);
  }

  #rise(from: number, unit: number, address: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >>> 2;
      if (!this.#isBefore(unit, address, parent)) break;
      this.#set(place, this.#unitAt(parent), this.#addressAt(parent));
      place = parent;
    }
    this.#set(place, unit, address);
  }

  #sink(from: number, unit: number, address: number): void {
    let place = from;
    for (;;) {
      const child = this.#earliestChild(place);
      if (child === undefined || !this.#isAfter(unit, address, child)) break;
      this.#set(place, this.#unitAt(child), this.#addressAt(child));
      place = child;
    }
    this.#set(place, unit, address);
  }

  #earliestChild(place: number): number | undefined {
    const first = children * place + 1;
    if (first >= this.#count) return undefined;
    const end = Math.min(first + children, this.#count);
    let earliest = first;
    for (let child = first + 1; child < end; child++)
      if (this.#isBefore(this.#unitAt(child), this.#addressAt(child), earliest)) earliest = child;
    return earliest;
  }

  #set(place: number, unit: number, address: number): void {
    const page = this.#pages[place >>> pageBits]!;
    const index = place & (pageItems - 1);
    page.addresses[index] = address;
    page.units[index] = unit;
    this.#records.setPlace(address, place);
  }
}

function newPage(): Page {
  const memory = new ArrayBuffer(pageItems * itemBytes);
  return { addresses: new Int32Array(memory, 0, pageItems), units: new Uint32Array(memory, 4 * pageItems, pageItems) };
}
