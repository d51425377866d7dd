/**
 * Codec of a snapshot, and of the call (`Dump` in proto/kv/internal/v1/replication.proto) with which a joiner takes it. It is
 * written by hand, as replication-codec.ts, because a snapshot has as many items as the shard has keys.
 */
import type { RecordedRequest, SnapshotItem } from '../../replication/index.js';
import type { RecordView } from '../../storage/index.js';
import { FlatMessage } from '../protobuf/flat-message.js';
import { type ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import { bodyReader, type Envelope, type Header, numberField, writeHeader } from './envelope.js';
import { readRequest, writeRequest } from './request-codec.js';

/** The messages before and after the items of a snapshot. */
export type SnapshotFrame =
  | {
      readonly type: 'begin';
      readonly baseSeq: number;
      readonly baseEpoch: number;
      readonly baseEpochId: string;
      readonly requestFloor: number;
      readonly timeMs: number;
    }
  | { readonly type: 'requests'; readonly requests: readonly RecordedRequest[] }
  | { readonly type: 'end'; readonly commitIndex: number };

/** The body of any message of a snapshot. */
export type SnapshotBody = SnapshotFrame | { readonly type: 'chunk'; readonly items: readonly SnapshotItem[] };

const end = new FlatMessage({ commitIndex: 'uint64' });

/** Field numbers in a DumpMessage. */
const fields = { begin: 3, chunk: 4, end: 5, requests: 6 } as const;
const itemsField = 1;
const requestsTag = tagOf(itemsField, 'bytes');
const tags = {
  item: tagOf(itemsField, 'bytes'),
  key: tagOf(1, 'bytes'),
  value: tagOf(2, 'bytes'),
  version: tagOf(3, 'varint'),
  expiresAt: tagOf(4, 'varint'),
};

/** Estimated bytes of an item beside its key and value. */
const overheadBytes = 12;
/** Estimate for a chunk. Most are between 16 KiB and 2 MiB, and their length takes three bytes as that of this value does. */
const chunkBytes = 64 * 1024;

/** Encodes the request with which a joiner calls Dump. @param number that of the primary's invitation. */
export function encodeDumpRequest(header: Header, number: number): Buffer {
  const writer = new ProtobufWriter();
  writeHeader(writer, header);
  writer.uint64(numberField, number);
  return writer.take();
}

/** Encodes the messages of one snapshot. In a file they have neither header nor number. */
export class SnapshotEncoder {
  readonly #writer = new ProtobufWriter();
  readonly #header: Header | undefined;
  readonly #number: number;

  constructor(header?: Header, number = 0) {
    this.#header = header;
    this.#number = number;
  }

  /** Bytes of the current chunk. */
  get chunkBytes(): number {
    return this.#writer.length;
  }

  encode(frame: SnapshotFrame): Buffer {
    this.#open(frame.type, 0);
    if (frame.type === 'begin') writeBegin(this.#writer, frame);
    else if (frame.type === 'end') end.write(this.#writer, frame);
    else for (const request of frame.requests) writeRequest(this.#writer, itemsField, request, request.seq);
    return this.#close();
  }

  /** Adds an item to the current chunk, which `takeChunk` ends. */
  add({ memory, keyStart, keyEnd, valueStart, valueEnd, version, expiresAtMs }: RecordView): void {
    const writer = this.#writer;
    if (writer.length === 0) this.#open('chunk', chunkBytes);
    writer.begin(itemsField, overheadBytes + keyEnd - keyStart + valueEnd - valueStart);
    writer.bytesOf(1, memory, keyStart, keyEnd);
    writer.bytesOf(2, memory, valueStart, valueEnd);
    writer.uint64(3, version);
    if (expiresAtMs !== undefined) writer.uint64(4, expiresAtMs);
    writer.end();
  }

  /** The same, for an item that is in no storage. */
  addItem({ key, value, version, expiresAtMs }: SnapshotItem): void {
    const writer = this.#writer;
    if (writer.length === 0) this.#open('chunk', chunkBytes);
    writer.begin(itemsField, overheadBytes + key.length + value.length);
    writer.string(1, key);
    writer.bytes(2, value);
    writer.uint64(3, version);
    if (expiresAtMs !== undefined) writer.uint64(4, expiresAtMs);
    writer.end();
  }

  /** At least one item must have been added. */
  takeChunk(): Buffer {
    return this.#close();
  }

  #open(body: keyof typeof fields, expectedBytes: number): void {
    if (this.#header !== undefined) {
      writeHeader(this.#writer, this.#header);
      this.#writer.uint64(numberField, this.#number);
    }
    this.#writer.begin(fields[body], expectedBytes);
  }

  #close(): Buffer {
    this.#writer.end();
    return this.#writer.take();
  }
}

/**
 * Reads the body of a message whose header was accepted. Values are views of the message, which stays in memory as long as one
 * of them.
 *
 * @returns undefined for a message of a kind that is not known here.
 */
export function readSnapshotBody(envelope: Envelope): SnapshotBody | undefined {
  const reader = bodyReader(envelope);
  switch (envelope.bodyField) {
    case fields.begin:
      return { type: 'begin', ...readBegin(reader) };
    case fields.chunk:
      return { type: 'chunk', items: readItems(reader, envelope.bytes) };
    case fields.requests:
      return { type: 'requests', requests: readRequests(reader) };
    case fields.end:
      return { type: 'end', ...end.read(reader) };
    default:
      return undefined;
  }
}

type Begin = Omit<Extract<SnapshotFrame, { type: 'begin' }>, 'type'>;

function writeBegin(writer: ProtobufWriter, { baseSeq, baseEpoch, baseEpochId, requestFloor, timeMs }: Begin): void {
  writer.uint64(1, baseSeq);
  writer.uint64(2, baseEpoch);
  writer.string(3, baseEpochId);
  writer.uint64(4, requestFloor);
  writer.uint64(5, timeMs);
}

function readBegin(reader: ProtobufReader): Begin {
  const begin = { baseSeq: 0, baseEpoch: 0, baseEpochId: '', requestFloor: 0, timeMs: 0 };
  while (reader.more) {
    const tag = reader.tag();
    if (tag === tagOf(1, 'varint')) begin.baseSeq = reader.varint();
    else if (tag === tagOf(2, 'varint')) begin.baseEpoch = reader.varint();
    else if (tag === tagOf(3, 'bytes')) begin.baseEpochId = reader.string();
    else if (tag === tagOf(4, 'varint')) begin.requestFloor = reader.varint();
    else if (tag === tagOf(5, 'varint')) begin.timeMs = reader.varint();
    else reader.skip(tag);
  }
  return begin;
}

function readRequests(reader: ProtobufReader): RecordedRequest[] {
  const requests: RecordedRequest[] = [];
  while (reader.more) {
    const tag = reader.tag();
    if (tag === requestsTag) requests.push(readRequest(reader));
    else reader.skip(tag);
  }
  return requests;
}

function readItems(reader: ProtobufReader, bytes: Buffer): SnapshotItem[] {
  const items: SnapshotItem[] = [];
  while (reader.more) {
    const tag = reader.tag();
    if (tag === tags.item) items.push(readItem(reader, bytes));
    else reader.skip(tag);
  }
  return items;
}

const noBytes = new Uint8Array(0);

function viewOf({ buffer, byteOffset }: Buffer, start: number, end: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset + start, end - start);
}

function readItem(reader: ProtobufReader, bytes: Buffer): SnapshotItem {
  let key = '';
  let value = noBytes;
  let version = 0;
  let expiresAtMs: number | undefined;
  const outerEnd = reader.enter();
  while (reader.more) {
    const tag = reader.tag();
    if (tag === tags.key) key = reader.string();
    else if (tag === tags.value) value = viewOf(bytes, reader.bytes(), reader.position);
    else if (tag === tags.version) version = reader.varint();
    else if (tag === tags.expiresAt) expiresAtMs = reader.varint();
    else reader.skip(tag);
  }
  reader.leave(outerEnd);
  return expiresAtMs === undefined ? { key, value, version } : { key, value, version, expiresAtMs };
}
