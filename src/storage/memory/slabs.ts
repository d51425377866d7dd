/**
 * The slabs that are filled one after the other, everything new at the end of the open one (log-structured memory: Rumble,
 * Kejriwal, Ousterhout, FAST 2014), and what of them is in use.
 */
import { addressIn, maxSlabs, unitOf, unitsPerSlab } from './address.js';
import { Slab } from './slab.js';
import { Slots } from './slots.js';

/** Slabs that are kept for the next that is needed. */
const maxSpares = 2;

export class Slabs {
  readonly #slabs = new Slots<Slab>(maxSlabs);
  readonly #spares: Slab[] = [];
  #open = newSlab();
  #openNumber = this.#slabs.add(this.#open);
  #live = 0;
  #freed = 0;

  /** Of all slabs. */
  get units(): number {
    return this.#slabs.count * unitsPerSlab;
  }
  /** Of these, the ones that no record needs and no new one can have. */
  get dead(): number {
    return this.units - this.#live - (unitsPerSlab - this.#open.used);
  }
  get spareUnits(): number {
    return this.#spares.length * unitsPerSlab;
  }

  at(number: number): Slab {
    return this.#slabs.at(number);
  }

  /** Room for a record that needs all of it: the address. */
  append(units: number): number {
    if (this.#open.used + units > unitsPerSlab) this.#openAnother();
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

  /** The number of the full slab that has the least in use. */
  sparsest(): number | undefined {
    let found: number | undefined;
    let live = unitsPerSlab;
    for (const [number, slab] of this.#slabs.entries()) {
      if (slab?.state !== 'full' || slab.live >= live) continue;
      found = number;
      live = slab.live;
    }
    return found;
  }

  /** Nothing in the slab may be in use. */
  release(number: number): void {
    const slab = this.#slabs.at(number);
    this.#slabs.remove(number);
    if (this.#spares.length < maxSpares) this.#spares.push(slab);
  }

  #openAnother(): void {
    this.#open.state = 'full';
    if (this.#open.live === 0) this.release(this.#openNumber);
    this.#open = this.#spares.pop() ?? newSlab();
    this.#open.state = 'open';
    this.#open.used = 1;
    this.#openNumber = this.#slabs.add(this.#open);
  }
}

function newSlab(): Slab {
  const slab = new Slab(unitsPerSlab);
  slab.used = 1;
  return slab;
}
