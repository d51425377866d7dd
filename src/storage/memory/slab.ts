/**
 * A piece of memory that is filled with records, one after the other. Each begins at a whole unit of 8 bytes:
 *
 *   key length and room | value length | version (float64) | key, filled up with zeros to whole words | value
 *
 * The room is the number of units that the record occupies, which may be more than it needs. A key length of zero marks a record
 * that is no longer in use. The highest bit of the value length is set if the record expires. Then one more word before the key
 * holds its place in the index of deadlines, and the version is a whole number of 53 bits, whose upper word also holds the rest of
 * the deadline.
 */
export const unitBytes = 8;
const headerBytes = 16;
const headerWords = headerBytes / Int32Array.BYTES_PER_ELEMENT;
const roomBits = 18;
const roomMask = (1 << roomBits) - 1;
const expiringBit = 1 << 31;
const placeBytes = 4;
/** Of the version's upper word in an expiring record: the bits of the version itself. */
const upperBits = 21;
const upperMask = (1 << upperBits) - 1;
const lowerUnit = 2 ** 32;

/** The units that a record with these lengths in bytes needs. */
export function unitsFor(keyLength: number, valueLength: number, isExpiring: boolean): number {
  const extraBytes = isExpiring ? placeBytes : 0;
  return (headerBytes + extraBytes + wholeWords(keyLength) + valueLength + unitBytes - 1) >>> 3;
}

function wholeWords(length: number): number {
  return (length + 3) & ~3;
}

export class Slab {
  readonly units: number;
  readonly words: Int32Array;
  readonly bytes: Buffer;
  readonly #versions: Float64Array;
  /** Units from the beginning that are allocated to records. */
  used = 0;
  /** Units that records in use need. */
  live = 0;
  /** Records are added to an open slab, and moved out of a slab that is being cleaned. */
  state: 'open' | 'full' | 'cleaning' = 'open';

  constructor(units: number) {
    const memory = new ArrayBuffer(units * unitBytes);
    this.units = units;
    this.words = new Int32Array(memory);
    this.#versions = new Float64Array(memory);
    this.bytes = Buffer.from(memory);
  }

  keyLength(unit: number): number {
    return this.words[2 * unit]! >>> roomBits;
  }
  isExpiring(unit: number): boolean {
    return this.words[2 * unit + 1]! < 0;
  }
  /** Of an expiring record, in the index of deadlines. */
  place(unit: number): number {
    return this.words[2 * unit + headerWords]!;
  }
  setPlace(unit: number, place: number): void {
    this.words[2 * unit + headerWords] = place;
  }
  /** Of an expiring record: what the index of deadlines leaves of its deadline. */
  restMs(unit: number): number {
    return this.words[2 * unit + 3]! >>> upperBits;
  }
  /** Offset of the value in `bytes`. */
  valueStart(unit: number): number {
    return this.keyStart(unit) * Int32Array.BYTES_PER_ELEMENT + wholeWords(this.keyLength(unit));
  }
  /** Index of the key's first word in `words`. */
  keyStart(unit: number): number {
    return 2 * unit + (this.isExpiring(unit) ? headerWords + 1 : headerWords);
  }
  room(unit: number): number {
    return this.words[2 * unit]! & roomMask;
  }
  needed(unit: number): number {
    return unitsFor(this.keyLength(unit), this.valueLength(unit), this.isExpiring(unit));
  }
  valueLength(unit: number): number {
    return this.words[2 * unit + 1]! & ~expiringBit;
  }
  version(unit: number): number {
    if (!this.isExpiring(unit)) return this.#versions[unit + 1]!;
    const { words } = this;
    return (words[2 * unit + 3]! & upperMask) * lowerUnit + (words[2 * unit + 2]! >>> 0);
  }

  hasKey(unit: number, key: Int32Array, length: number): boolean {
    if (this.keyLength(unit) !== length) return false;
    const { words } = this;
    const start = this.keyStart(unit);
    for (let at = 0; 4 * at < length; at++) if (words[start + at] !== key[at]) return false;
    return true;
  }

  /** The value as a view of the slab. */
  value(unit: number): Uint8Array {
    return new Uint8Array(this.bytes.buffer, this.valueStart(unit), this.valueLength(unit));
  }

  /** Writes the key and what is before it: the record is in use from here on. */
  writeKey(unit: number, room: number, key: Int32Array, length: number, isExpiring: boolean): void {
    const { words } = this;
    words[2 * unit] = (length << roomBits) | room;
    words[2 * unit + 1] = isExpiring ? expiringBit : 0;
    const start = this.keyStart(unit);
    for (let at = 0; 4 * at < length; at++) words[start + at] = key[at]!;
  }

  /** `restMs` counts only for an expiring record. */
  writeValue(unit: number, value: Uint8Array, version: number, restMs: number): void {
    const { words } = this;
    if (this.isExpiring(unit)) {
      words[2 * unit + 1] = value.length | expiringBit;
      words[2 * unit + 2] = version % lowerUnit;
      words[2 * unit + 3] = Math.floor(version / lowerUnit) | (restMs << upperBits);
    } else {
      words[2 * unit + 1] = value.length;
      this.#versions[unit + 1] = version;
    }
    this.bytes.set(value, this.valueStart(unit));
  }

  /** Copies a record of `units` units; its room becomes `units`. */
  copyFrom(source: Slab, from: number, to: number, units: number): void {
    const shift = 2 * (from - to);
    const last = 2 * (to + units);
    const { words } = this;
    for (let at = 2 * to; at < last; at++) words[at] = source.words[at + shift]!;
    words[2 * to] = (source.keyLength(from) << roomBits) | units;
  }

  markUnused(unit: number): void {
    this.words[2 * unit] = this.room(unit);
  }
}
