/**
 * The records of a dump (DumpRecords in proto/kv/v1/kv.proto). They are read and written by hand, because a dump has one for each key
 * of the shard and for each write that came meanwhile.
 */
import type { RecordView } from '../../storage/index.js';
import { ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import { ProtobufWriter } from '../protobuf/protobuf-writer.js';

/** What a write left under a key. Of the records of a key the one with the highest version counts. */
export interface DumpedRecord {
  readonly key: string;
  /** Undefined: the write deleted the key. A view of the message. */
  readonly value: Buffer | undefined;
  readonly version: number;
  /** The time of the shard from which on the key is due (R17). Undefined: never. */
  readonly expiresAtMs: number | undefined;
}

/** Where a record lies in the memory of a message, and its key in it. */
export interface RecordPlace {
  readonly memory: Buffer;
  readonly start: number;
  readonly end: number;
  readonly keyStart: number;
  readonly keyEnd: number;
}

/** The number of the field that holds the records in a DumpShardResponse. */
export const recordsField = 2;
const recordField = 1;
const recordTag = tagOf(recordField, 'bytes');
const tags = {
  key: tagOf(1, 'bytes'),
  value: tagOf(2, 'bytes'),
  version: tagOf(3, 'varint'),
  expiresAt: tagOf(4, 'varint'),
};

/** Estimated bytes of a record beside its key and value. */
const overheadBytes = 12;
/** Estimate for a message. Most are between 16 KiB and 2 MiB, and their length takes three bytes as that of this value does. */
const messageBytes = 64 * 1024;

/** Writes messages of records. */
export class DumpRecordsWriter {
  readonly #writer = new ProtobufWriter();

  /** Of the current message; 0 if it has no record. */
  get bytes(): number {
    return this.#writer.length;
  }

  addStored({ memory, keyStart, keyEnd, valueStart, valueEnd, version, expiresAtMs }: RecordView): void {
    const writer = this.#open(keyEnd - keyStart + valueEnd - valueStart);
    writer.bytesOf(1, memory, keyStart, keyEnd);
    writer.bytesOf(2, memory, valueStart, valueEnd);
    this.#close(version, expiresAtMs);
  }

  /** @param value undefined: the key was deleted. */
  addWrite(key: string, value: Uint8Array | undefined, version: number, expiresAtMs: number | undefined): void {
    const writer = this.#open(key.length + (value?.length ?? 0));
    writer.string(1, key);
    if (value !== undefined) writer.bytes(2, value);
    this.#close(version, expiresAtMs);
  }

  /** Ends the current message, which must have a record. */
  take(): Buffer {
    this.#writer.end();
    return this.#writer.take();
  }

  #open(bytes: number): ProtobufWriter {
    const writer = this.#writer;
    if (writer.length === 0) writer.begin(recordsField, messageBytes);
    writer.begin(recordField, overheadBytes + bytes);
    return writer;
  }

  #close(version: number, expiresAtMs: number | undefined): void {
    this.#writer.uint64(3, version);
    if (expiresAtMs !== undefined) this.#writer.uint64(4, expiresAtMs);
    this.#writer.end();
  }
}

/** The records of one message, read when they are iterated. */
export class DumpedRecords implements Iterable<DumpedRecord> {
  readonly #memory: Buffer;
  readonly #start: number;
  readonly #end: number;

  constructor(memory: Buffer, start: number, end: number) {
    this.#memory = memory;
    this.#start = start;
    this.#end = end;
  }

  get bytes(): number {
    return this.#end - this.#start;
  }

  /** @throws MalformedMessage */
  *[Symbol.iterator](): Iterator<DumpedRecord> {
    for (const { memory, start, end } of this.places()) yield readDumpRecord(memory, start, end);
  }

  /** The encoded records. Their place is the same object each time. @throws MalformedMessage */
  *places(): Iterable<RecordPlace> {
    const place = { memory: this.#memory, start: 0, end: 0, keyStart: 0, keyEnd: 0 };
    const reader = new ProtobufReader(this.#memory, this.#start, this.#end);
    while (reader.more) {
      const tag = reader.tag();
      if (tag !== recordTag) {
        reader.skip(tag);
        continue;
      }
      const outerEnd = reader.enter();
      place.start = reader.position;
      place.end = reader.end;
      findKey(reader, place);
      reader.leave(outerEnd);
      yield place;
    }
  }
}

/** The writer puts the key first. */
function findKey(reader: ProtobufReader, place: { start: number; keyStart: number; keyEnd: number }): void {
  place.keyStart = place.start;
  place.keyEnd = place.start;
  while (reader.more) {
    const tag = reader.tag();
    if (tag !== tags.key) {
      reader.skip(tag);
      continue;
    }
    place.keyStart = reader.bytes();
    place.keyEnd = reader.position;
    return;
  }
}

/** Reads the record at a place. @throws MalformedMessage */
export function readDumpRecord(memory: Buffer, start: number, end: number): DumpedRecord {
  const reader = new ProtobufReader(memory, start, end);
  let key = '';
  let value: Buffer | undefined;
  let version = 0;
  let expiresAtMs: number | undefined;
  while (reader.more) {
    const tag = reader.tag();
    if (tag === tags.key) key = reader.string();
    else if (tag === tags.value) value = reader.view(reader.bytes());
    else if (tag === tags.version) version = reader.varint();
    else if (tag === tags.expiresAt) expiresAtMs = reader.varint();
    else reader.skip(tag);
  }
  return { key, value, version, expiresAtMs };
}
