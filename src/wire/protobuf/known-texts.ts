/**
 * Short texts that come again and again, such as the ids of clients and of histories. A text that came lately is compared with the
 * bytes, which costs less than a new string.
 */
import type { ProtobufReader } from './protobuf-reader.js';

interface KnownText {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** A power of two. Two texts with the same place replace each other. */
const places = 64;
/** Longer texts are not kept. */
const maxKnownBytes = 64;

export class KnownTexts {
  readonly #known: (KnownText | undefined)[] = new Array(places);
  /** Nearly always the next one, too. */
  #last: KnownText | undefined;

  /** The content of the field of bytes whose tag was read; empty if it is not UTF-8. */
  read(reader: ProtobufReader): string {
    const last = this.#last;
    if (last !== undefined && reader.skipIfSame(last.bytes, last.bytes.length)) return last.text;
    return this.#find(reader);
  }

  #find(reader: ProtobufReader): string {
    const { buffer } = reader;
    const start = reader.bytes();
    const end = reader.position;
    const length = end - start;
    if (length === 0 || length > maxKnownBytes) return reader.textFrom(start) ?? '';
    const place = (31 * buffer[start]! + 7 * buffer[start + (length >>> 1)]! + buffer[end - 1]!) & (places - 1);
    const known = this.#known[place];
    if (known !== undefined && isAt(known.bytes, buffer, start, length)) {
      this.#last = known;
      return known.text;
    }
    const text = reader.textFrom(start) ?? '';
    this.#last = { bytes: Uint8Array.prototype.slice.call(buffer, start, end), text };
    this.#known[place] = this.#last;
    return text;
  }
}

function isAt(bytes: Uint8Array, buffer: Uint8Array, start: number, length: number): boolean {
  if (bytes.length !== length) return false;
  for (let at = 0; at < length; at++) if (bytes[at] !== buffer[start + at]) return false;
  return true;
}
