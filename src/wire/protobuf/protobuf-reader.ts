/**
 * Reader of protobuf fields, the counterpart of ProtobufWriter. Whatever the bytes are, it reads none beyond its end, takes at
 * most linear time, and throws nothing but `MalformedMessage`.
 *
 *     while (reader.more) {
 *       const tag = reader.tag();
 *       if (tag === tagOf(1, 'varint')) ...
 *       else reader.skip(tag);
 *     }
 *
 * A known field with an unexpected wire type has a tag that the caller does not compare with. It is skipped like an unknown
 * field, as protobuf demands.
 */
import { isUtf8 } from 'node:buffer';

/** Says that bytes are not a message of the expected kind. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** The number before a field's content on the wire, which combines field number and wire type. */
export function tagOf(field: number, wireType: keyof typeof wireTypes): number {
  return (field << 3) | wireTypes[wireType];
}

/** The method that `toString('ascii')` calls. Calling it takes half the time; the types of Node.js leave it out. */
interface Slicing extends Buffer {
  asciiSlice(start: number, end: number): string;
}

const maxTag = 0xffff_ffff;
const minTag = 1 << 3;
const maxVarintBytes = 10;

export class ProtobufReader {
  readonly buffer: Buffer;
  #position: number;
  #end: number;

  /** Reads from `start` up to `end`. Positions are always offsets in the buffer. */
  constructor(buffer: Buffer, start = 0, end = buffer.length) {
    this.buffer = buffer;
    this.#position = start;
    this.#end = end;
  }

  get position(): number {
    return this.#position;
  }

  /** Offset at which the message ends, or the sub-message that was entered. */
  get end(): number {
    return this.#end;
  }

  get more(): boolean {
    return this.#position < this.#end;
  }

  /** Field number and wire type in one number, as from `tagOf`. */
  tag(): number {
    const tag = this.varint();
    if (tag < minTag || tag > maxTag) throw new MalformedMessage(`${tag} is no tag of a field`);
    return tag;
  }

  bool(): boolean {
    return this.varint() !== 0;
  }

  /** A number from 0 to 2^53 - 1. A larger one is malformed. */
  varint(): number {
    const position = this.#position;
    if (position < this.#end) {
      const byte = this.buffer[position]!;
      if (byte < 0x80) {
        this.#position = position + 1;
        return byte;
      }
    }
    const value = this.#longVarint();
    if (value > Number.MAX_SAFE_INTEGER) throw new MalformedMessage('a number beyond 2^53');
    return value;
  }

  /** As `varint`, without the limit: a number beyond 2^53 is rounded, and the caller judges it. */
  anyVarint(): number {
    return this.#longVarint();
  }

  /** Enters a sub-message: until `leave`, only its bytes are read. @returns the argument for `leave`. */
  enter(): number {
    const outerEnd = this.#end;
    const length = this.#length();
    this.#end = this.#position + length;
    return outerEnd;
  }

  /** Leaves the sub-message, and skips what was not read of it. */
  leave(outerEnd: number): void {
    this.#position = this.#end;
    this.#end = outerEnd;
  }

  /** Passes over a field of bytes. @returns where its content starts; afterwards `position` is where it ends. */
  bytes(): number {
    const length = this.#length();
    const start = this.#position;
    this.#position = start + length;
    return start;
  }

  /** Passes over a field of bytes if its content is the first `length` bytes of `content`, at least one. False: nothing was read. */
  skipIfSame(content: Uint8Array, length: number): boolean {
    const { buffer } = this;
    const start = this.#position + 1;
    // A length of one byte: longer content is not compared.
    if (length === 0 || length > 0x7f || buffer[start - 1] !== length || start + length > this.#end) return false;
    for (let at = 0; at < length; at++) if (buffer[start + at] !== content[at]) return false;
    this.#position = start + length;
    return true;
  }

  /** A view of the bytes from `start` up to `position`. */
  view(start: number): Buffer {
    return this.buffer.subarray(start, this.#position);
  }

  /** Text that is not UTF-8 is malformed: with replacement characters, two different keys would become one. */
  string(): string {
    const found = this.textFrom(this.bytes());
    if (found === undefined) throw new MalformedMessage('a string that is not UTF-8');
    return found;
  }

  /** The bytes from `start` up to `position` as a string; undefined if they are not UTF-8. */
  textFrom(start: number): string | undefined {
    const end = this.#position;
    const buffer = this.buffer;
    for (let at = start; at < end; at++) {
      if (buffer[at]! > 0x7f) return this.#utf8(start, end);
    }
    return (buffer as Slicing).asciiSlice(start, end);
  }

  /** Passes over the content of the field whose tag was read. */
  skip(tag: number): void {
    switch (tag & 7) {
      case wireTypes.varint:
        return this.#skipVarint();
      case wireTypes.fixed64:
        return this.#advance(8);
      case wireTypes.bytes:
        return this.#advance(this.#length());
      case wireTypes.fixed32:
        return this.#advance(4);
      default:
        // Groups, which protobuf gave up long ago, are not read.
        throw new MalformedMessage(`a field of wire type ${tag & 7}`);
    }
  }

  #length(): number {
    const length = this.varint();
    if (length > this.#end - this.#position) throw new MalformedMessage('a field that is longer than its message');
    return length;
  }

  #advance(bytes: number): void {
    if (bytes > this.#end - this.#position) throw new MalformedMessage('a field that is longer than its message');
    this.#position += bytes;
  }

  #utf8(start: number, end: number): string | undefined {
    if (!isUtf8(this.buffer.subarray(start, end))) return undefined;
    return this.buffer.toString('utf8', start, end);
  }

  #longVarint(): number {
    const buffer = this.buffer;
    const last = Math.min(this.#end, this.#position + maxVarintBytes);
    let value = 0;
    let at = this.#position;
    // Nearly every number has at most four bytes: 28 bits, which need no arithmetic with fractions.
    for (let shift = 0; shift < 28 && at < last; shift += 7) {
      const byte = buffer[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      this.#position = at;
      return value;
    }
    for (let weight = 2 ** 28; at < last; at++, weight *= 128) {
      const byte = buffer[at]!;
      value += (byte & 0x7f) * weight;
      if (byte >= 0x80) continue;
      this.#position = at + 1;
      return value;
    }
    throw new MalformedMessage('a number without an end');
  }

  /** A number in an unknown field may be larger than `varint` accepts. */
  #skipVarint(): void {
    const last = Math.min(this.#end, this.#position + maxVarintBytes);
    for (let at = this.#position; at < last; at++) {
      if (this.buffer[at]! >= 0x80) continue;
      this.#position = at + 1;
      return;
    }
    throw new MalformedMessage('a number without an end');
  }
}
