/**
 * The slabs that are filled one after the other, everything new at the end of the open one (log-structured memory: Rumble,
 * Kejriwal, Ousterhout, FAST 2014), and what of them is in use.
 */
import { addressIn, maxSlabs, maxSlabUnits, unitOf } from './address.js';
import { Slab } from './slab.js';
import { Slots } from './slots.js';

/**
 * A slab is a part of what there is, in whole steps: so what is open, kept or not yet worth cleaning is little beside the data,
 * also where a node has hundreds of shards with little in each.
 */
const slabPart = 16;
const minSlabUnits = 2_048;
/** A record is no more of its slab: what is left at the end of one lies idle. */
const recordPart = 4;
/** Slabs that are kept for the next that is needed, and how much of all that may be. */
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

  /** Of all slabs. */
  get units(): number {
    return this.#units;
  }
  /** Of these, the ones that no record needs and no new one can have. */
  get dead(): number {
    return this.#units - this.#live - (this.#open.units - this.#open.used);
  }
  get spareUnits(): number {
    return this.#spareUnits;
  }
  /** Of the next slab, as long as no record needs a larger one. */
  get slabUnits(): number {
    return this.#sizeFor(1);
  }

  at(number: number): Slab {
    return this.#slabs.at(number);
  }

  /** Room for a record that needs all of it: the address. */
  append(units: number): number {
    if (this.#open.used + units > this.#open.units) this.#openAnother(units);
    const address = addressIn(this.#openNumber, this.#open.used);
    this.#open.used += units;
    this.count(this.#open, units);
    return address;
  }

  /** A record in the slab needs so many units more, or less. */
  count(slab: Slab, units: number): void {
    slab.live += units;
    this.#live += units;
    if (units < 0) this.#freed -= units;
  }

  /** Units that were freed since the last call. */
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

  /** Copies a record to the end, into no more room than it needs: the new address. */
  move(slab: Slab, unit: number): number {
    const units = slab.needed(unit);
    const address = this.append(units);
    this.#open.copyFrom(slab, unit, unitOf(address), units);
    slab.markUnused(unit);
    slab.live -= units;
    this.#live -= units;
    return address;
  }

  /** The number of the full slab of which the least is in use. */
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

  /** Nothing in the slab may be in use. */
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

  /** The oldest, which is the smallest where there is more and more. */
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
