/**
 * Reads protobuf by hand: the counterpart of ProtobufWriter. Whatever the bytes are, it reads none beyond its end, takes
 * time in proportion to them at the most, and throws nothing but `MalformedMessage`.
 *
 *     while (reader.more) {
 *       const tag = reader.tag();
 *       if (tag === tagOf(1, 'varint')) ...
 *       else reader.skip(tag);
 *     }
 *
 * A known field of an unexpected wire type has a tag nobody asks for, and is skipped like an unknown one, as protobuf
 * wants it.
 */
import { isUtf8 } from 'node:buffer';

export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export function tagOf(field: number, wireType: keyof typeof wireTypes): number {
  return (field << 3) | wireTypes[wireType];
}

/** What `toString('ascii')` calls, at half its price; the types leave it out. */
interface Slicing extends Buffer {
  asciiSlice(start: number, end: number): string;
}

const maxTag = 0xffff_ffff;
const minTag = 1 << 3;
const maxVarintBytes = 10;

export class ProtobufReader {
  readonly #buffer: Buffer;
  #position: number;
  #end: number;

  /** Reads from `start` up to `end` of the buffer; positions are always those in the buffer. */
  constructor(buffer: Buffer, start = 0, end = buffer.length) {
    this.#buffer = buffer;
    this.#position = start;
    this.#end = end;
  }

  get position(): number {
    return this.#position;
  }

  /** Where the message ends, or the sub-message that was entered. */
  get end(): number {
    return this.#end;
  }

  get more(): boolean {
    return this.#position < this.#end;
  }

  /** Field number and wire type in one, as `tagOf` makes it. */
  tag(): number {
    const tag = this.varint();
    if (tag < minTag || tag > maxTag) throw new MalformedMessage(`${tag} is no tag of a field`);
    return tag;
  }

  bool(): boolean {
    return this.varint() !== 0;
  }

  /** A number from 0 to 2^53 - 1; a larger one is malformed. */
  varint(): number {
    const position = this.#position;
    if (position < this.#end) {
      const byte = this.#buffer[position]!;
      if (byte < 0x80) {
        this.#position = position + 1;
        return byte;
      }
    }
    const value = this.#longVarint();
    if (value > Number.MAX_SAFE_INTEGER) throw new MalformedMessage('a number beyond 2^53');
    return value;
  }

  /** The same for who would rather judge it: a number beyond 2^53 comes out about right. */
  anyVarint(): number {
    return this.#longVarint();
  }

  /** Enters a sub-message, which becomes all there is to read until `leave` is given what this returned. */
  enter(): number {
    const outerEnd = this.#end;
    const length = this.#length();
    this.#end = this.#position + length;
    return outerEnd;
  }

  /** Leaves the sub-message, read or not. */
  leave(outerEnd: number): void {
    this.#position = this.#end;
    this.#end = outerEnd;
  }

  /** Passes over a field of bytes and returns where its content starts: it ends at `position` then. */
  bytes(): number {
    const length = this.#length();
    const start = this.#position;
    this.#position = start + length;
    return start;
  }

  /** What is not UTF-8 is malformed: with replacements, two different keys would become one. */
  string(): string {
    const found = this.textFrom(this.bytes());
    if (found === undefined) throw new MalformedMessage('a string that is not UTF-8');
    return found;
  }

  /** What was passed over from `start` on, as a string; undefined where it is not UTF-8. */
  textFrom(start: number): string | undefined {
    const end = this.#position;
    const buffer = this.#buffer;
    for (let at = start; at < end; at++) {
      if (buffer[at]! > 0x7f) return this.#utf8(start, end);
    }
    return (buffer as Slicing).asciiSlice(start, end);
  }

  /** Passes over the content of a field with this tag. */
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
        // Groups have been given up by protobuf long ago.
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
    if (!isUtf8(this.#buffer.subarray(start, end))) return undefined;
    return this.#buffer.toString('utf8', start, end);
  }

  #longVarint(): number {
    const buffer = this.#buffer;
    const last = Math.min(this.#end, this.#position + maxVarintBytes);
    let value = 0;
    let weight = 1;
    for (let at = this.#position; at < last; at++, weight *= 128) {
      const byte = buffer[at]!;
      value += (byte & 0x7f) * weight;
      if (byte >= 0x80) continue;
      this.#position = at + 1;
      return value;
    }
    throw new MalformedMessage('a number without an end');
  }

  /** Numbers of fields nobody knows may be larger than those read. */
  #skipVarint(): void {
    const last = Math.min(this.#end, this.#position + maxVarintBytes);
    for (let at = this.#position; at < last; at++) {
      if (this.#buffer[at]! >= 0x80) continue;
      this.#position = at + 1;
      return;
    }
    throw new MalformedMessage('a number without an end');
  }
}
