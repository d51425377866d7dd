/** The records, by address. Most records share slabs; a large record has a slab of its own. */
import type { DueKey } from '../../replication/index.js';
import type { RecordView, StoredHead, StoredValue } from '../storage.js';
import { Deadlines, restOf } from './deadlines.js';
import type { EncodedKey } from './encoded-key.js';
import { compareKeys, keyWord } from './key-bytes.js';
import { addressOfLarge, isLarge, largeNumberOf, maxLarge, maxSlabUnits, slabNumberOf, startUnitOf } from './record-address.js';
import { Slab, unitBytes, unitsFor } from './slab.js';
import { Slabs } from './slabs.js';
import { Slots } from './slots.js';

/** A record in a shared slab fills at most a sixteenth of the largest slab, which bounds what is wasted at a slab's end. */
const maxSharingUnits = maxSlabUnits / 16;

export class Records {
  readonly slabs = new Slabs();
  /** Of the records that expire. */
  readonly deadlines = new Deadlines({
    setPlace: (address, place) => this.slabOf(address).setPlace(startUnitOf(address), place),
    restMs: (address) => this.slabOf(address).restMs(startUnitOf(address)),
  });
  readonly #large = new Slots<Slab>(maxLarge);
  #largeUnits = 0;
  #dataBytes = 0;

  /** Bytes of all keys and values. */
  get dataBytes(): number {
    return this.#dataBytes;
  }
  get memoryBytes(): number {
    return (this.slabs.units + this.slabs.spareUnits + this.#largeUnits) * unitBytes + this.deadlines.bytes;
  }

  /** The slab that holds the record, alone or with others. */
  slabOf(address: number): Slab {
    return isLarge(address) ? this.#large.at(largeNumberOf(address)) : this.slabs.at(slabNumberOf(address));
  }

  /** Four bytes of the key from `skip` on; see `keyWord`. */
  keyWord(address: number, skip: number): number {
    const slab = this.slabOf(address);
    const unit = startUnitOf(address);
    return keyWord(slab.words, slab.keyStart(unit), slab.keyLength(unit), skip);
  }

  /** Leading bytes that the keys of two records have in common. */
  commonKeyBytes(address: number, other: number): number {
    const slab = this.slabOf(other);
    const unit = startUnitOf(other);
    const order = this.compareKey(address, slab.words, slab.keyStart(unit), slab.keyLength(unit));
    return order === 0 ? slab.keyLength(unit) : Math.abs(order) - 1;
  }

  /** The order of a key and that of the record; see `compareKeys`. */
  compareKey(address: number, words: Int32Array, start: number, length: number): number {
    const slab = this.slabOf(address);
    const unit = startUnitOf(address);
    return compareKeys(words, start, length, slab.words, slab.keyStart(unit), slab.keyLength(unit));
  }

  hasKey(address: number, key: EncodedKey): boolean {
    return this.slabOf(address).hasKey(startUnitOf(address), key.words, key.length);
  }

  version(address: number): number {
    return this.slabOf(address).version(startUnitOf(address));
  }

  head(address: number): StoredHead {
    const slab = this.slabOf(address);
    const unit = startUnitOf(address);
    return { version: slab.version(unit), expiresAtMs: this.#expiryOf(slab, unit) };
  }

  /** The value is a view. */
  read(address: number): StoredValue {
    const slab = this.slabOf(address);
    const unit = startUnitOf(address);
    return { value: slab.value(unit), version: slab.version(unit), expiresAtMs: this.#expiryOf(slab, unit) };
  }

  /** Points the view at this record. */
  show(address: number, view: { -readonly [Field in keyof RecordView]: RecordView[Field] }): void {
    const slab = this.slabOf(address);
    const unit = startUnitOf(address);
    view.memory = slab.bytes;
    view.keyStart = slab.keyStart(unit) * Int32Array.BYTES_PER_ELEMENT;
    view.keyEnd = view.keyStart + slab.keyLength(unit);
    view.valueStart = slab.valueStart(unit);
    view.valueEnd = view.valueStart + slab.valueLength(unit);
    view.version = slab.version(unit);
    view.expiresAtMs = this.#expiryOf(slab, unit);
  }

  /** Adds a record. @returns its address. */
  add(key: EncodedKey, value: Uint8Array, version: number, expiresAtMs: number | undefined): number {
    const isExpiring = expiresAtMs !== undefined;
    const units = unitsFor(key.length, value.length, isExpiring);
    const address = units > maxSharingUnits ? this.#newLarge(units) : this.slabs.append(units);
    const slab = this.slabOf(address);
    const unit = startUnitOf(address);
    slab.writeKey(unit, isLarge(address) ? 0 : units, key.words, key.length, isExpiring);
    slab.writeValue(unit, value, version, isExpiring ? restOf(expiresAtMs) : 0);
    if (isExpiring) this.deadlines.add(expiresAtMs, address);
    this.#dataBytes += key.length + value.length;
    return address;
  }

  /**
   * Writes the value in place of the old one. If it is too large or too small for the place, or if only one of the two expires,
   * returns false and does nothing.
   */
  overwrite(address: number, value: Uint8Array, version: number, expiresAtMs: number | undefined): boolean {
    const slab = this.slabOf(address);
    const unit = startUnitOf(address);
    const isExpiring = expiresAtMs !== undefined;
    if (slab.isExpiring(unit) !== isExpiring) return false;
    const units = unitsFor(slab.keyLength(unit), value.length, isExpiring);
    if (isLarge(address)) {
      if (units > slab.units || 2 * units < slab.units) return false;
    } else {
      if (units > slab.room(unit)) return false;
      // The cleaner reclaims the units left over.
      this.slabs.count(slab, units - slab.needed(unit));
    }
    this.#dataBytes += value.length - slab.valueLength(unit);
    slab.writeValue(unit, value, version, isExpiring ? restOf(expiresAtMs) : 0);
    if (isExpiring) this.deadlines.change(slab.place(unit), expiresAtMs);
    return true;
  }

  remove(address: number): void {
    const slab = this.slabOf(address);
    const unit = startUnitOf(address);
    this.#dataBytes -= slab.keyLength(unit) + slab.valueLength(unit);
    if (slab.isExpiring(unit)) this.deadlines.remove(slab.place(unit));
    if (!isLarge(address)) return this.slabs.remove(slab, slabNumberOf(address), unit);
    this.#large.remove(largeNumberOf(address));
    this.#largeUnits -= slab.units;
  }

  /** Moves a record of a slab that is being cleaned to the open slab. @returns its new address. */
  move(slab: Slab, unit: number): number {
    const address = this.slabs.move(slab, unit);
    const [moved, start] = [this.slabOf(address), startUnitOf(address)];
    if (moved.isExpiring(start)) this.deadlines.moved(moved.place(start), address);
    return address;
  }

  /** The key and the deadline of an expiring record. */
  dueKey(address: number): DueKey {
    const slab = this.slabOf(address);
    const unit = startUnitOf(address);
    const start = slab.keyStart(unit) * Int32Array.BYTES_PER_ELEMENT;
    const key = slab.bytes.toString('utf8', start, start + slab.keyLength(unit));
    return { key, expiresAtMs: this.deadlines.at(slab.place(unit)) };
  }

  #expiryOf(slab: Slab, unit: number): number | undefined {
    return slab.isExpiring(unit) ? this.deadlines.at(slab.place(unit)) : undefined;
  }

  #newLarge(units: number): number {
    this.#largeUnits += units;
    return addressOfLarge(this.#large.add(new Slab(units)));
  }
}
