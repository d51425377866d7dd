/**
 * The slabs of a storage, and the count of their units in use. New records are appended to the open slab, and a full slab is
 * followed by another (log-structured memory: Rumble, Kejriwal, Ousterhout, FAST 2014).
 */
import { addressIn, maxSlabs, maxSlabUnits, unitOf } from './record-address.js';
import { Slab } from './slab.js';
import { Slots } from './slots.js';

/**
 * A new slab has about one in this many of all units, rounded to a power of two. So the open slab, the spare slabs and what is
 * not yet worth cleaning are small beside the data, even if a node has hundreds of shards with little data in each.
 */
const slabPart = 16;
const minSlabUnits = 2_048;
/** A record fills at most one in this many units of its slab, which bounds what is wasted at a slab's end. */
const recordPart = 4;
/** Limit the released slabs kept for reuse: their number, and their part of all units (one in `sparePart`). */
const maxSpares = 2;
const sparePart = 8;

export class Slabs {
  readonly #slabs = new Slots<Slab>(maxSlabs);
  readonly #spares: Slab[] = [];
  #open = newSlab(minSlabUnits);
  #openNumber = this.#slabs.add(this.#open);
  #units = minSlabUnits;
  #spareUnits = 0;
  #live = 0;
  #freed = 0;

  /** Units of all slabs. */
  get units(): number {
    return this.#units;
  }
  /** Units that no record needs and that no new record can be appended to. */
  get dead(): number {
    return this.#units - this.#live - (this.#open.units - this.#open.used);
  }
  get spareUnits(): number {
    return this.#spareUnits;
  }
  /** Units of the next slab, unless a record needs a larger one. */
  get slabUnits(): number {
    return this.#sizeFor(1);
  }

  at(number: number): Slab {
    return this.#slabs.at(number);
  }

  /** Allocates `units` for a record that needs all of them. @returns its address. */
  append(units: number): number {
    if (this.#open.used + units > this.#open.units) this.#openAnother(units);
    const address = addressIn(this.#openNumber, this.#open.used);
    this.#open.used += units;
    this.count(this.#open, units);
    return address;
  }

  /** Notes that records in the slab need `units` more, or fewer if negative. */
  count(slab: Slab, units: number): void {
    slab.live += units;
    this.#live += units;
    if (units < 0) this.#freed -= units;
  }

  /** Units freed since the last call. */
  takeFreed(): number {
    const freed = this.#freed;
    this.#freed = 0;
    return freed;
  }

  remove(slab: Slab, number: number, unit: number): void {
    this.count(slab, -slab.needed(unit));
    slab.markUnused(unit);
    if (slab.live === 0 && slab.state === 'full') this.release(number);
  }

  /** Copies a record to the open slab, without room to spare. @returns its new address. */
  move(slab: Slab, unit: number): number {
    const units = slab.needed(unit);
    const address = this.append(units);
    this.#open.copyFrom(slab, unit, unitOf(address), units);
    slab.markUnused(unit);
    slab.live -= units;
    this.#live -= units;
    return address;
  }

  /** The number of the full slab with the smallest part in use. */
  sparsest(): number | undefined {
    let found: number | undefined;
    let livePart = 1;
    for (const [number, slab] of this.#slabs.entries()) {
      if (slab?.state !== 'full' || slab.live / slab.units >= livePart) continue;
      found = number;
      livePart = slab.live / slab.units;
    }
    return found;
  }

  /** Removes a slab in which no record is in use. */
  release(number: number): void {
    const slab = this.#slabs.at(number);
    this.#slabs.remove(number);
    this.#units -= slab.units;
    this.#spares.push(slab);
    this.#spareUnits += slab.units;
    while (this.#spares.length > maxSpares || sparePart * this.#spareUnits > this.#units) this.#takeSpare();
  }

  #openAnother(units: number): void {
    this.#open.state = 'full';
    if (this.#open.live === 0) this.release(this.#openNumber);
    const size = this.#sizeFor(units);
    const spare = this.#takeSpare();
    this.#open = spare !== undefined && spare.units >= size ? spare : newSlab(size);
    this.#open.state = 'open';
    this.#open.used = 1;
    this.#openNumber = this.#slabs.add(this.#open);
    this.#units += this.#open.units;
  }

  /** Takes the oldest spare, which is the smallest while the data grows. */
  #takeSpare(): Slab | undefined {
    const spare = this.#spares.shift();
    if (spare !== undefined) this.#spareUnits -= spare.units;
    return spare;
  }

  #sizeFor(units: number): number {
    let size = minSlabUnits;
    while (size < maxSlabUnits && (slabPart * size <= this.#units || size < recordPart * units)) size *= 2;
    return size;
  }
}

function newSlab(units: number): Slab {
  const slab = new Slab(units);
  slab.used = 1;
  return slab;
}
