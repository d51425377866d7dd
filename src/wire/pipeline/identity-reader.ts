/** Reads the identity of a write (R16) from the two fields that carry it, `request` and `position`. */
import type { RequestIdentity } from '../../replication/index.js';
import type { KnownTexts } from '../protobuf/known-texts.js';
import { type ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';

const tags = {
  client: tagOf(1, 'bytes'),
  number: tagOf(2, 'varint'),
  lowest: tagOf(3, 'varint'),
  firstAttempt: tagOf(4, 'varint'),
  history: tagOf(1, 'bytes'),
  seq: tagOf(2, 'varint'),
};

/** A longer position is not remembered. */
const maxKnownBytes = 127;

/** Reads from the reader that each call passes, so that one serves many messages. */
export class IdentityReader {
  readonly #texts: KnownTexts;
  /** Whether one of the two fields was read since the last `take`. */
  isFound = false;
  #isRead = false;
  #client = '';
  #number = 0;
  #lowest = 0;
  #isFirstAttempt = false;
  #history = '';
  #seq = 0;
  /** The last position that was read, and its bytes: the requests of one turn of a client nearly always name the same one. */
  readonly #known = new Uint8Array(maxKnownBytes);
  #knownBytes = 0;
  #knownHistory = '';
  #knownSeq = 0;

  constructor(texts: KnownTexts) {
    this.#texts = texts;
  }

  /** The content of the field `request`, whose tag was read. */
  readRequest(reader: ProtobufReader): void {
    const outerEnd = reader.enter();
    this.isFound = true;
    this.#isRead = true;
    this.#client = '';
    this.#number = 0;
    this.#lowest = 0;
    this.#isFirstAttempt = false;
    while (reader.more) {
      const tag = reader.tag();
      if (tag === tags.number) this.#number = reader.anyVarint();
      else if (tag === tags.lowest) this.#lowest = reader.anyVarint();
      else if (tag === tags.firstAttempt) this.#isFirstAttempt = reader.bool();
      else if (tag === tags.client) this.#client = this.#texts.read(reader);
      else reader.skip(tag);
    }
    reader.leave(outerEnd);
  }

  /** The content of the field `position`, whose tag was read. */
  readPosition(reader: ProtobufReader): void {
    this.isFound = true;
    if (reader.skipIfSame(this.#known, this.#knownBytes)) {
      this.#history = this.#knownHistory;
      this.#seq = this.#knownSeq;
      return;
    }
    this.#history = '';
    this.#seq = 0;
    const outerEnd = reader.enter();
    const start = reader.position;
    while (reader.more) {
      const tag = reader.tag();
      if (tag === tags.seq) this.#seq = reader.anyVarint();
      else if (tag === tags.history) this.#history = this.#texts.read(reader);
      else reader.skip(tag);
    }
    this.#remember(reader, start);
    reader.leave(outerEnd);
  }

  /** Copied by hand: a view of the message would keep it in memory, and costs more than a few dozen bytes. */
  #remember({ buffer, position }: ProtobufReader, start: number): void {
    const length = position - start;
    this.#knownBytes = length <= maxKnownBytes ? length : 0;
    for (let at = 0; at < this.#knownBytes; at++) this.#known[at] = buffer[start + at]!;
    this.#knownHistory = this.#history;
    this.#knownSeq = this.#seq;
  }

  /**
   * The identity that was read, and the next one begins. Undefined: a position came alone, which counts for nothing.
   *
   * @param message names the client of a request that names none
   */
  take(message: { readonly client: string }): RequestIdentity | undefined {
    const identity = this.#isRead ? this.#identityIn(message) : undefined;
    this.isFound = false;
    this.#isRead = false;
    this.#history = '';
    this.#seq = 0;
    return identity;
  }

  #identityIn(message: { readonly client: string }): RequestIdentity {
    return {
      client: this.#client === '' ? message.client : this.#client,
      number: this.#number,
      lowest: this.#lowest === 0 ? this.#number : this.#lowest,
      history: this.#history,
      seq: this.#seq,
      isFirstAttempt: this.#isFirstAttempt,
    };
  }
}
