/** The records, by address. Most records share slabs; a large record has a slab of its own. */
import type { RecordView, StoredValue } from '../storage.js';
import type { EncodedKey } from './encoded-key.js';
import { addressOfLarge, isLarge, largeNumberOf, maxLarge, maxSlabUnits, slabNumberOf, unitOf } from './record-address.js';
import { Slab, unitBytes, unitsFor } from './slab.js';
import { Slabs } from './slabs.js';
import { Slots } from './slots.js';

/** A record in a shared slab fills at most a sixteenth of the largest slab, which bounds what is wasted at a slab's end. */
const maxSharingUnits = maxSlabUnits / 16;

export class Records {
  readonly slabs = new Slabs();
  readonly #large = new Slots<Slab>(maxLarge);
  #largeUnits = 0;
  #dataBytes = 0;

  /** Bytes of all keys and values. */
  get dataBytes(): number {
    return this.#dataBytes;
  }
  get memoryBytes(): number {
    return (this.slabs.units + this.slabs.spareUnits + this.#largeUnits) * unitBytes;
  }

  hasKey(address: number, key: EncodedKey): boolean {
    return this.#slabOf(address).hasKey(startOf(address), key.words, key.length);
  }

  version(address: number): number {
    return this.#slabOf(address).version(startOf(address));
  }

  /** The value is a view. */
  read(address: number): StoredValue {
    const slab = this.#slabOf(address);
    const unit = startOf(address);
    return { value: slab.value(unit), version: slab.version(unit) };
  }

  /** Points the view at this record. */
  show(address: number, view: { -readonly [Field in keyof RecordView]: RecordView[Field] }): void {
    const slab = this.#slabOf(address);
    const unit = startOf(address);
    view.memory = slab.bytes;
    view.keyStart = slab.keyStart(unit) * Int32Array.BYTES_PER_ELEMENT;
    view.keyEnd = view.keyStart + slab.keyLength(unit);
    view.valueStart = slab.valueStart(unit);
    view.valueEnd = view.valueStart + slab.valueLength(unit);
    view.version = slab.version(unit);
  }

  /** Adds a record. @returns its address. */
  add(key: EncodedKey, value: Uint8Array, version: number): number {
    const units = unitsFor(key.length, value.length);
    const address = units > maxSharingUnits ? this.#newLarge(units) : this.slabs.append(units);
    const slab = this.#slabOf(address);
    const unit = startOf(address);
    slab.writeKey(unit, isLarge(address) ? 0 : units, key.words, key.length);
    slab.writeValue(unit, value, version);
    this.#dataBytes += key.length + value.length;
    return address;
  }

  /** Writes the value in place of the old one. If it is too large or too small for the place, returns false and does nothing. */
  overwrite(address: number, value: Uint8Array, version: number): boolean {
    const slab = this.#slabOf(address);
    const unit = startOf(address);
    const units = unitsFor(slab.keyLength(unit), value.length);
    if (isLarge(address)) {
      if (units > slab.units || 2 * units < slab.units) return false;
    } else {
      if (units > slab.room(unit)) return false;
      // The cleaner reclaims the units left over.
      this.slabs.count(slab, units - slab.needed(unit));
    }
    this.#dataBytes += value.length - slab.valueLength(unit);
    slab.writeValue(unit, value, version);
    return true;
  }

  remove(address: number): void {
    const slab = this.#slabOf(address);
    const unit = startOf(address);
    this.#dataBytes -= slab.keyLength(unit) + slab.valueLength(unit);
    if (!isLarge(address)) return this.slabs.remove(slab, slabNumberOf(address), unit);
    this.#large.remove(largeNumberOf(address));
    this.#largeUnits -= slab.units;
  }

  #slabOf(address: number): Slab {
    return isLarge(address) ? this.#large.at(largeNumberOf(address)) : this.slabs.at(slabNumberOf(address));
  }

  #newLarge(units: number): number {
    this.#largeUnits += units;
    return addressOfLarge(this.#large.add(new Slab(units)));
  }
}

/** The unit in its slab with which the record begins. */
function startOf(address: number): number {
  return isLarge(address) ? 0 : unitOf(address);
}
