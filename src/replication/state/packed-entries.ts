/**
 * Log entries as a few arrays of numbers instead of three objects each. The entries are only kept for a peer that may lack
 * them. Ten thousand objects that live for a tenth of a second are the worst case for the garbage collector. Packing an entry
 * costs 0.1 µs and saves ten times as much (docs/performance.md).
 */
import type { Epoch, Seq } from '../protocol/ids.js';
import type { LogEntry } from '../protocol/log-entry.js';

/** Values above this size are not copied: the object costs little beside them, and the copy would cost much. */
const maxCopiedBytes = 4 * 1024;
/** Set in the end of the value if the entry deletes its key. */
const deletedBit = 0x8000_0000;

/** Contiguous entries of one epoch. */
export class PackedEntries {
  readonly firstSeq: Seq;
  readonly epoch: Epoch;
  readonly count: number;
  /** The memory of the entries, large values included. */
  readonly bytes: number;
  /** In UTF-16, so that every key is restored exactly, even one with half a surrogate pair. */
  readonly #keys: Uint16Array;
  readonly #values: Uint8Array;
  /** Two items for each entry: where its key ends, and where its value ends. */
  readonly #ends: Uint32Array;
  readonly #large = new Map<number, Uint8Array>();

  /** `entries` must not be empty, and all must be of one epoch. */
  constructor(entries: readonly LogEntry[]) {
    const { seq, epoch } = entries[0]!;
    let keyLength = 0;
    let valueLength = 0;
    let largeBytes = 0;
    for (const { key, value } of entries) {
      keyLength += key.length;
      if (value === undefined) continue;
      if (value.length > maxCopiedBytes) largeBytes += value.length;
      else valueLength += value.length;
    }
    this.firstSeq = seq;
    this.epoch = epoch;
    this.count = entries.length;
    this.#keys = new Uint16Array(keyLength);
    this.#values = new Uint8Array(valueLength);
    this.#ends = new Uint32Array(2 * entries.length);
    this.bytes = this.#keys.byteLength + this.#values.byteLength + this.#ends.byteLength + largeBytes;
    this.#fill(entries);
  }

  get lastSeq(): Seq {
    return this.firstSeq + this.count - 1;
  }

  /** `seq` must be in this block. Each call makes a new object. */
  get(seq: Seq): LogEntry {
    const index = seq - this.firstSeq;
    const keyStart = index === 0 ? 0 : this.#ends[2 * index - 2]!;
    const key = String.fromCharCode(...this.#keys.subarray(keyStart, this.#ends[2 * index]!));
    return { seq, epoch: this.epoch, key, value: this.#valueAt(index) };
  }

  #valueAt(index: number): Uint8Array | undefined {
    const end = this.#ends[2 * index + 1]!;
    if (end >= deletedBit) return undefined;
    const start = index === 0 ? 0 : this.#ends[2 * index - 1]! % deletedBit;
    return this.#large.get(index) ?? this.#values.subarray(start, end);
  }

  #fill(entries: readonly LogEntry[]): void {
    let keyEnd = 0;
    let valueEnd = 0;
    for (let index = 0; index < entries.length; index++) {
      const { key, value } = entries[index]!;
      for (let at = 0; at < key.length; at++) this.#keys[keyEnd++] = key.charCodeAt(at);
      if (value !== undefined && value.length > maxCopiedBytes) this.#large.set(index, value);
      else if (value !== undefined) {
        this.#values.set(value, valueEnd);
        valueEnd += value.length;
      }
      this.#ends[2 * index] = keyEnd;
      this.#ends[2 * index + 1] = value === undefined ? valueEnd + deletedBit : valueEnd;
    }
  }
}
