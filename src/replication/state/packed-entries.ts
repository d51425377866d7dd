/**
 * Log entries as a few arrays of numbers instead of a handful of objects each. The entries are only kept for a peer that may lack
 * them. Ten thousand objects that live for a tenth of a second are the worst case for the garbage collector. Packing an entry
 * costs 0.1 µs and saves ten times as much (docs/performance.md).
 */
import type { Epoch, Seq } from '../protocol/ids.js';
import type { KeyWrite, LogEntry } from '../protocol/log-entry.js';
import { PackedExpiry } from './packed-expiry.js';
import { PackedRequests } from './packed-requests.js';

/** Values above this size are not copied: the object costs little beside them, and the copy would cost much. */
const maxCopiedBytes = 4 * 1024;
/** Set in the end of the value if the write deletes its key. */
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
  /** Two items for each write: where its key ends, and where its value ends. */
  readonly #ends: Uint32Array;
  /** By entry: how many writes the entries up to and including it have. Undefined: each entry has one. */
  readonly #writeEnds: Uint32Array | undefined;
  /** Undefined: no entry carries a request. */
  readonly #requests: PackedRequests | undefined;
  /** Undefined: no entry has to do with expiry. */
  readonly #expiry: PackedExpiry | undefined;
  /** By number of the write. */
  readonly #large = new Map<number, Uint8Array>();

  /** `entries` must not be empty, and all must be of one epoch. */
  constructor(entries: readonly LogEntry[]) {
    const { seq, epoch } = entries[0]!;
    let writeCount = 0;
    let keyLength = 0;
    let valueLength = 0;
    let largeBytes = 0;
    let isSingle = true;
    let hasRequests = false;
    let isTimed = false;
    for (const { writes, request, atMs } of entries) {
      isSingle &&= writes.length === 1;
      hasRequests ||= request !== undefined;
      isTimed ||= atMs !== undefined;
      writeCount += writes.length;
      for (const { key, value } of writes) {
        keyLength += key.length;
        if (value === undefined) continue;
        if (value.length > maxCopiedBytes) largeBytes += value.length;
        else valueLength += value.length;
      }
    }
    this.firstSeq = seq;
    this.epoch = epoch;
    this.count = entries.length;
    this.#keys = new Uint16Array(keyLength);
    this.#values = new Uint8Array(valueLength);
    this.#ends = new Uint32Array(2 * writeCount);
    this.#writeEnds = isSingle ? undefined : writeEndsOf(entries);
    this.#requests = hasRequests ? new PackedRequests(entries) : undefined;
    this.#expiry = isTimed ? new PackedExpiry(entries, writeCount) : undefined;
    const indexBytes = this.#ends.byteLength + (this.#writeEnds?.byteLength ?? 0);
    const restBytes = largeBytes + (this.#requests?.bytes ?? 0) + (this.#expiry?.bytes ?? 0);
    this.bytes = this.#keys.byteLength + this.#values.byteLength + indexBytes + restBytes;
    this.#fill(entries);
  }

  get lastSeq(): Seq {
    return this.firstSeq + this.count - 1;
  }

  /** `seq` must be in this block. Each call makes a new object. */
  get(seq: Seq): LogEntry {
    const index = seq - this.firstSeq;
    const writes: KeyWrite[] = [];
    const end = this.#writeEnds === undefined ? index + 1 : this.#writeEnds[index]!;
    for (let at = index === 0 ? 0 : (this.#writeEnds?.[index - 1] ?? index); at < end; at++) writes.push(this.#writeAt(at));
    const entry = { seq, epoch: this.epoch, writes, request: this.#requests?.get(index, seq, writes) };
    const atMs = this.#expiry?.atMs(index);
    return atMs === undefined ? entry : { ...entry, atMs };
  }

  #writeAt(number: number): KeyWrite {
    const keyStart = number === 0 ? 0 : this.#ends[2 * number - 2]!;
    const key = String.fromCharCode(...this.#keys.subarray(keyStart, this.#ends[2 * number]!));
    const value = this.#valueAt(number);
    const expiresAtMs = this.#expiry?.expiresAtMs(number);
    return expiresAtMs === undefined ? { key, value } : { key, value, expiresAtMs };
  }

  #valueAt(number: number): Uint8Array | undefined {
    const end = this.#ends[2 * number + 1]!;
    if (end >= deletedBit) return undefined;
    const start = number === 0 ? 0 : this.#ends[2 * number - 1]! % deletedBit;
    return this.#large.get(number) ?? this.#values.subarray(start, end);
  }

  #fill(entries: readonly LogEntry[]): void {
    let number = 0;
    let keyEnd = 0;
    let valueEnd = 0;
    for (const { writes } of entries) {
      for (const { key, value } of writes) {
        for (let at = 0; at < key.length; at++) this.#keys[keyEnd++] = key.charCodeAt(at);
        if (value !== undefined && value.length > maxCopiedBytes) this.#large.set(number, value);
        else if (value !== undefined) {
          this.#values.set(value, valueEnd);
          valueEnd += value.length;
        }
        this.#ends[2 * number] = keyEnd;
        this.#ends[2 * number + 1] = value === undefined ? valueEnd + deletedBit : valueEnd;
        number++;
      }
    }
  }
}

function writeEndsOf(entries: readonly LogEntry[]): Uint32Array {
  let count = 0;
  return Uint32Array.from(entries, ({ writes }) => (count += writes.length));
}
