/**
 * Writer of protobuf fields, for messages that are as frequent as operations. The library needs an object per message and
 * allocates for each value, which costs about ten times as much as writing the bytes.
 *
 * Every method writes its field even if the value is the default; the caller decides whether to leave a field out. Bytes are
 * copied, so the writer keeps no reference to its arguments.
 */

const varint = 0;
const lengthDelimited = 2;

/** Most bytes of a field without its content: two varints (tag and length, or tag and number) of at most ten bytes each. */
const maxFieldHeadBytes = 20;
/** Up to this length a loop over the bytes or characters is quicker than a call that copies them. */
const maxLooped = 48;
/** Size of the allocation that small messages share. */
const minChunkBytes = 16 * 1024;

export class ProtobufWriter {
  #chunk = Buffer.allocUnsafeSlow(minChunkBytes);
  /** Where the current message begins. The bytes before it belong to messages that were taken. */
  #start = 0;
  #at = 0;
  /** Number of open sub-messages. The arrays hold, outermost first, where each begins and what is reserved for its length. */
  #depth = 0;
  readonly #contents: number[] = [];
  readonly #reserved: number[] = [];

  /** Length of the current message in bytes. */
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

  /** Writes the bytes of `source` from `start` up to `end`. */
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
    // A UTF-16 code unit takes at most three bytes; a surrogate pair takes four.
    this.#reserve(maxFieldHeadBytes + 3 * value.length);
    this.#varint((field << 3) | lengthDelimited);
    if (value.length <= maxLooped && this.#ascii(value)) return;
    this.#varint(Buffer.byteLength(value));
    this.#at += this.#chunk.write(value, this.#at);
  }

  /** Appends fields that are encoded already. */
  raw(fields: Uint8Array): void {
    const { length } = fields;
    this.#reserve(length);
    const chunk = this.#chunk;
    if (length <= maxLooped) for (let i = 0; i < length; i++) chunk[this.#at + i] = fields[i]!;
    else chunk.set(fields, this.#at);
    this.#at += length;
  }

  /** The beginning of a sub-message of this length, whose content is added elsewhere. */
  opening(field: number, contentBytes: number): void {
    this.#reserve(maxFieldHeadBytes);
    this.#varint((field << 3) | lengthDelimited);
    this.#varint(contentBytes);
  }

  /** One of the numbers of a packed field, which `begin` opens. */
  packed(value: number): void {
    this.#reserve(maxFieldHeadBytes);
    this.#varint(value);
  }

  /** Opens a sub-message. `end` has to move its content if its length takes another number of bytes than `expectedBytes` does. */
  begin(field: number, expectedBytes = 0): void {
    this.#reserve(maxFieldHeadBytes);
    this.#varint((field << 3) | lengthDelimited);
    const reserved = varintBytes(expectedBytes);
    this.#at += reserved;
    this.#reserved[this.#depth] = reserved;
    // From the start of the message, which moves when the memory grows.
    this.#contents[this.#depth++] = this.#at - this.#start;
  }

  /** Closes the sub-message that was opened last. */
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

  /** @returns the current message. The writer never touches its memory again. */
  take(): Buffer {
    if (this.#depth > 0) throw new Error('a sub-message is open');
    const message = this.#chunk.subarray(this.#start, this.#at);
    this.#start = this.#at;
    // The next message is likely to be as long as this one.
    if (this.#chunk.length - this.#at < message.length) this.#renew(message.length);
    return message;
  }

  /** Moves the last `bytes` bytes by `by`, and leaves the position as it is. */
  #moveLast(bytes: number, by: number): void {
    this.#reserve(maxFieldHeadBytes);
    const from = this.#at - bytes;
    this.#chunk.copyWithin(from + by, from, this.#at);
  }

  /** Writes length and text if the text is ASCII. Otherwise returns false and writes nothing. */
  #ascii(value: string): boolean {
    const { length } = value;
    const chunk = this.#chunk;
    // The length takes one byte, as the text has at most `maxLooped` characters.
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

  /** The caller must have reserved the room. */
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

  /** Moves the current message to new memory with room for at least `bytes` more. */
  #renew(bytes: number): void {
    const written = this.length;
    const chunk = Buffer.allocUnsafeSlow(Math.max(minChunkBytes, 2 * (written + bytes)));
    chunk.set(this.#chunk.subarray(this.#start, this.#at));
    this.#chunk = chunk;
    this.#start = 0;
    this.#at = written;
  }
}

/** Length in bytes of a number as a varint. */
function varintBytes(value: number): number {
  if (value < 1 << 7) return 1;
  if (value < 1 << 14) return 2;
  if (value < 1 << 21) return 3;
  return value < 1 << 28 ? 4 : 5;
}
