/**
 * Writes protobuf by hand, for the messages of which there are as many as operations: the library goes over an object per
 * message and allocates for each value, which costs about ten times as much as the bytes themselves.
 *
 * Every method writes the field it is given, also where the value is the default: whoever may leave it out decides so.
 * Bytes are copied, so nothing that was given is kept.
 */

const varint = 0;
const lengthDelimited = 2;

/** A field's tag and length, or its number: two varints of at most ten bytes. */
const maxFieldHeadBytes = 20;
/** Up to here a loop over the characters, or bytes, is quicker than the call that copies them. */
const maxLooped = 48;
/** Small messages share one allocation of this size. */
const minChunkBytes = 16 * 1024;

export class ProtobufWriter {
  #chunk = Buffer.allocUnsafeSlow(minChunkBytes);
  /** Where the message under way begins: what lies before has been handed out. */
  #start = 0;
  #at = 0;
  /** How many sub-messages are open; of each where its content begins and what is reserved for its length, outermost first. */
  #depth = 0;
  readonly #contents: number[] = [];
  readonly #reserved: number[] = [];

  /** Bytes of the message under way. */
  get length(): number {
    return this.#at - this.#start;
  }

  uint32(field: number, value: number): void {
    this.uint64(field, value);
  }

  /** A whole number from 0 to 2^53 - 1. */
  uint64(field: number, value: number): void {
    this.#reserve(maxFieldHeadBytes);
    this.#varint((field << 3) | varint);
    this.#varint(value);
  }

  bool(field: number, value: boolean): void {
    this.uint64(field, value ? 1 : 0);
  }

  bytes(field: number, value: Uint8Array): void {
    this.#reserve(maxFieldHeadBytes + value.length);
    this.#varint((field << 3) | lengthDelimited);
    this.#varint(value.length);
    this.#chunk.set(value, this.#at);
    this.#at += value.length;
  }

  /** The bytes between two positions of somewhere else. */
  bytesOf(field: number, source: Buffer, start: number, end: number): void {
    const length = end - start;
    this.#reserve(maxFieldHeadBytes + length);
    this.#varint((field << 3) | lengthDelimited);
    this.#varint(length);
    const chunk = this.#chunk;
    if (length <= maxLooped) for (let i = 0; i < length; i++) chunk[this.#at + i] = source[start + i]!;
    else chunk.set(new Uint8Array(source.buffer, source.byteOffset + start, length), this.#at);
    this.#at += length;
  }

  string(field: number, value: string): void {
    // A character is at most three bytes long: a pair of two, four.
    this.#reserve(maxFieldHeadBytes + 3 * value.length);
    this.#varint((field << 3) | lengthDelimited);
    if (value.length <= maxLooped && this.#ascii(value)) return;
    this.#varint(Buffer.byteLength(value));
    this.#at += this.#chunk.write(value, this.#at);
  }

  /** Fields that are encoded already. */
  raw(fields: Uint8Array): void {
    this.#reserve(fields.length);
    this.#chunk.set(fields, this.#at);
    this.#at += fields.length;
  }

  /** Opens a sub-message. Its content is moved at the end if its length takes another number of bytes than was expected. */
  begin(field: number, expectedBytes = 0): void {
    this.#reserve(maxFieldHeadBytes);
    this.#varint((field << 3) | lengthDelimited);
    const reserved = varintBytes(expectedBytes);
    this.#at += reserved;
    this.#reserved[this.#depth] = reserved;
    // From the start of the message, which moves when the memory grows.
    this.#contents[this.#depth++] = this.#at - this.#start;
  }

  /** Closes the sub-message opened last. */
  end(): void {
    if (this.#depth === 0) throw new Error('no sub-message is open');
    const reserved = this.#reserved[--this.#depth]!;
    const length = this.#at - this.#start - this.#contents[this.#depth]!;
    const moved = varintBytes(length) - reserved;
    if (moved !== 0) this.#moveLast(length, moved);
    this.#at -= length + reserved;
    this.#varint(length);
    this.#at += length;
  }

  /** Hands the message over, for good: the next one is written to other memory. */
  take(): Buffer {
    if (this.#depth > 0) throw new Error('a sub-message is open');
    const message = this.#chunk.subarray(this.#start, this.#at);
    this.#start = this.#at;
    // The next is likely to be as long as this one.
    if (this.#chunk.length - this.#at < message.length) this.#renew(message.length);
    return message;
  }

  /** Moves the last so many bytes by so many; the position stays. */
  #moveLast(bytes: number, by: number): void {
    this.#reserve(maxFieldHeadBytes);
    const from = this.#at - bytes;
    this.#chunk.copyWithin(from + by, from, this.#at);
  }

  /** False, and nothing written, if there is anything but ASCII. */
  #ascii(value: string): boolean {
    const { length } = value;
    const chunk = this.#chunk;
    // Its length takes one byte.
    const begin = this.#at + 1;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      chunk[begin + i] = code;
    }
    chunk[begin - 1] = length;
    this.#at = begin + length;
    return true;
  }

  /** Room must have been reserved. */
  #varint(value: number): void {
    const chunk = this.#chunk;
    let rest = value;
    if (rest > 0x7fff_ffff || rest < 0) {
      if (!Number.isSafeInteger(rest) || rest < 0) throw new RangeError(`${value} cannot be written as an unsigned number`);
      for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 128)) chunk[this.#at++] = (rest % 128) | 0x80;
    }
    for (; rest > 0x7f; rest >>>= 7) chunk[this.#at++] = (rest & 0x7f) | 0x80;
    chunk[this.#at++] = rest;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes > this.#chunk.length) this.#renew(bytes);
  }

  /** New memory with room for so much more, into which the message under way is moved. */
  #renew(bytes: number): void {
    const written = this.length;
    const chunk = Buffer.allocUnsafeSlow(Math.max(minChunkBytes, 2 * (written + bytes)));
    chunk.set(this.#chunk.subarray(this.#start, this.#at));
    this.#chunk = chunk;
    this.#start = 0;
    this.#at = written;
  }
}

function varintBytes(value: number): number {
  if (value < 1 << 7) return 1;
  if (value < 1 << 14) return 2;
  if (value < 1 << 21) return 3;
  return value < 1 << 28 ? 4 : 5;
}
