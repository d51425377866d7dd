/**
 * Reclaims the memory of overwritten and deleted records. The cleaner chooses the slab with the smallest part in use, moves its
 * records in use to the open slab, and releases it (the greedy choice: Rosenblum, Ousterhout, The Design and Implementation of a
 * Log-Structured File System, 1992). It works in small steps that keep up with what is freed.
 */

import type { KeyHash } from './half-sip-hash.js';
import type { KeyIndex } from './key-index.js';
import type { LateOrder } from './late-order.js';
import { addressIn } from './record-address.js';
import type { Records } from './records.js';
import type { Slab } from './slab.js';
import type { Slabs } from './slabs.js';

/** One in this many units of all slabs may be dead. Beyond that a slab is cleaned. */
const deadShare = 4;
/** Dead units up to this many slabs are not worth the work. */
const deadSlabsAllowed = 2;
/** Limits the records examined in one call of `work` to a few milliseconds. */
const maxLooks = 16_384;

export class Cleaner {
  readonly #records: Records;
  readonly #slabs: Slabs;
  readonly #index: KeyIndex;
  readonly #order: LateOrder | undefined;
  readonly #hash: KeyHash;
  /** The slab that is being cleaned, its number, and the unit where cleaning continues. */
  #victim: Slab | undefined;
  #number = 0;
  #unit = 0;
  /** Units that are still to be examined. */
  #due = 0;

  constructor(records: Records, index: KeyIndex, order: LateOrder | undefined, hash: KeyHash) {
    this.#records = records;
    this.#slabs = records.slabs;
    this.#index = index;
    this.#order = order;
    this.#hash = hash;
  }

  /** The storage calls this after changes. */
  work(): void {
    // At least one in `deadShare` of the examined units is dead, so this reclaims as much as was freed.
    this.#due += deadShare * this.#slabs.takeFreed();
    for (let looks = 0; this.#due > 0 && looks < maxLooks; looks++) {
      const victim = this.#victim ?? this.#choose();
      if (victim === undefined) this.#due = 0;
      else if (victim.live === 0 || this.#unit >= victim.used) this.#finish();
      else this.#step(victim);
    }
  }

  #choose(): Slab | undefined {
    const { dead, units, slabUnits } = this.#slabs;
    if (dead <= deadSlabsAllowed * slabUnits || deadShare * dead <= units) return undefined;
    const number = this.#slabs.sparsest();
    if (number === undefined) return undefined;
    this.#victim = this.#slabs.at(number);
    this.#victim.state = 'cleaning';
    this.#number = number;
    this.#unit = 1;
    return this.#victim;
  }

  #step(victim: Slab): void {
    const unit = this.#unit;
    const room = victim.room(unit);
    const length = victim.keyLength(unit);
    if (length > 0) {
      const start = victim.keyStart(unit);
      const hash = this.#hash.of(victim.words, start, length);
      const from = addressIn(this.#number, unit);
      const to = this.#records.move(victim, unit);
      this.#index.replace(hash, from, to);
      this.#order?.replace(hash, victim.words, start, length, from, to);
    }
    this.#unit += room;
    this.#due -= room;
  }

  #finish(): void {
    this.#slabs.release(this.#number);
    this.#victim = undefined;
  }
}
