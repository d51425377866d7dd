/**
 * The call Dump and what it brings, to the bytes of proto/kv/internal/v1/replication.proto and back. By hand, as in
 * replication-codec.ts: a dump is as many items as there are keys.
 */
import type { DumpItem } from '../replication/index.js';
import { bodyReader, type Envelope, type Header, numberField, writeHeader } from './envelope.js';
import { FlatMessage } from './flat-message.js';
import { type ProtobufReader, tagOf } from './protobuf-reader.js';
import { ProtobufWriter } from './protobuf-writer.js';

export type DumpBody =
  | { readonly type: 'begin'; readonly baseSeq: number; readonly baseEpoch: number }
  | { readonly type: 'chunk'; readonly items: Iterable<DumpItem> }
  | { readonly type: 'end'; readonly commitIndex: number };

/** What came: the items are an array. */
export type ReceivedDumpBody =
  | Exclude<DumpBody, { type: 'chunk' }>
  | { readonly type: 'chunk'; readonly items: readonly DumpItem[] };

const begin = new FlatMessage({ baseSeq: 'uint64', baseEpoch: 'uint64' });
const end = new FlatMessage({ commitIndex: 'uint64' });

/** Field numbers in a DumpMessage. */
const fields = { begin: 3, chunk: 4, end: 5 } as const;
const itemsField = 1;
const tags = { item: tagOf(itemsField, 'bytes'), key: tagOf(1, 'bytes'), value: tagOf(2, 'bytes'), version: tagOf(3, 'varint') };

/** What an item has beside key and value, about. */
const overheadBytes = 12;
/** Chunks are usually larger than 16 KiB and smaller than 2 MiB, so that their length takes three bytes. */
const chunkBytes = 64 * 1024;

export function encodeDumpRequest(header: Header, number: number): Buffer {
  const writer = new ProtobufWriter();
  writeHeader(writer, header);
  writer.uint64(numberField, number);
  return writer.take();
}

/** Encodes what one dump sends. */
export class DumpEncoder {
  readonly #writer = new ProtobufWriter();
  readonly #header: Header;
  readonly #number: number;

  constructor(header: Header, number: number) {
    this.#header = header;
    this.#number = number;
  }

  encode(body: DumpBody): Buffer {
    const writer = this.#writer;
    writeHeader(writer, this.#header);
    writer.uint64(numberField, this.#number);
    writer.begin(fields[body.type], body.type === 'chunk' ? chunkBytes : 0);
    if (body.type === 'chunk') for (const item of body.items) writeItem(writer, item);
    else if (body.type === 'begin') begin.write(writer, body);
    else end.write(writer, body);
    writer.end();
    return writer.take();
  }
}

/** The header must have been accepted. Values are views of the message: all of it lasts as long as one of them. Undefined: of a kind that is not known here. */
export function readDumpBody(envelope: Envelope): ReceivedDumpBody | undefined {
  const reader = bodyReader(envelope);
  switch (envelope.bodyField) {
    case fields.begin:
      return { type: 'begin', ...begin.read(reader) };
    case fields.chunk:
      return { type: 'chunk', items: readItems(reader, envelope.bytes) };
    case fields.end:
      return { type: 'end', ...end.read(reader) };
    default:
      return undefined;
  }
}

function writeItem(writer: ProtobufWriter, { key, value, version }: DumpItem): void {
  writer.begin(itemsField, overheadBytes + key.length + value.length);
  writer.string(1, key);
  writer.bytes(2, value);
  writer.uint64(3, version);
  writer.end();
}

function readItems(reader: ProtobufReader, bytes: Buffer): DumpItem[] {
  const items: DumpItem[] = [];
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

function readItem(reader: ProtobufReader, bytes: Buffer): DumpItem {
  let key = '';
  let value = noBytes;
  let version = 0;
  const outerEnd = reader.enter();
  while (reader.more) {
    const tag = reader.tag();
    if (tag === tags.key) key = reader.string();
    else if (tag === tags.value) value = viewOf(bytes, reader.bytes(), reader.position);
    else if (tag === tags.version) version = reader.varint();
    else reader.skip(tag);
  }
  reader.leave(outerEnd);
  return { key, value, version };
}
