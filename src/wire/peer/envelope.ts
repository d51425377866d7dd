/** What all messages between nodes have in common: a header, and one body of several, which is read once the header is. */
import { ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import type { ProtobufWriter } from '../protobuf/protobuf-writer.js';

export interface Header {
  formatVersion: number;
  clusterId: string;
  shard: number;
  /** The sender's history and epoch of the shard. */
  history: string;
  epoch: number;
  epochId: string;
  from: string;
  to: string;
}

/** A message whose body waits to be read: in another format it could be anything. */
export interface Envelope {
  readonly header: Header | undefined;
  /** Of the messages of a dump; 0 in others. */
  readonly number: number;
  /** The number of the field that is the body; 0 if there is none that is known here. */
  readonly bodyField: number;
  readonly bytes: Buffer;
  readonly bodyStart: number;
  readonly bodyEnd: number;
}

const headerField = 1;
export const numberField = 2;
/** The bodies that any message has. */
const minBodyField = 2;
const maxBodyField = 8;

export function writeHeader(writer: ProtobufWriter, header: Header): void {
  const { formatVersion, clusterId, shard, history, epoch, epochId, from, to } = header;
  writer.begin(headerField);
  writer.uint32(1, formatVersion);
  writer.string(2, clusterId);
  writer.uint32(3, shard);
  writer.uint64(4, epoch);
  writer.string(5, from);
  writer.string(6, to);
  writer.string(7, history);
  writer.string(8, epochId);
  writer.end();
}

/** Of the message from `start` up to `end`. */
export function readEnvelope(bytes: Buffer, start = 0, end = bytes.length): Envelope {
  const reader = new ProtobufReader(bytes, start, end);
  let header: Header | undefined;
  let number = 0;
  let bodyField = 0;
  let bodyStart = 0;
  let bodyEnd = 0;
  while (reader.more) {
    const tag = reader.tag();
    const field = tag >>> 3;
    if (tag === tagOf(headerField, 'bytes')) header = readHeader(reader);
    else if (tag === tagOf(numberField, 'varint')) number = reader.varint();
    else if (tag === tagOf(field, 'bytes') && field >= minBodyField && field <= maxBodyField) {
      bodyField = field;
      bodyStart = reader.bytes();
      bodyEnd = reader.position;
    } else reader.skip(tag);
  }
  return { header, number, bodyField, bytes, bodyStart, bodyEnd };
}

export function bodyReader({ bytes, bodyStart, bodyEnd }: Envelope): ProtobufReader {
  return new ProtobufReader(bytes, bodyStart, bodyEnd);
}

function readHeader(reader: ProtobufReader): Header {
  const header: Header = { formatVersion: 0, clusterId: '', shard: 0, history: '', epoch: 0, epochId: '', from: '', to: '' };
  const outerEnd = reader.enter();
  while (reader.more) {
    const tag = reader.tag();
    if (tag === tagOf(1, 'varint')) header.formatVersion = reader.varint();
    else if (tag === tagOf(2, 'bytes')) header.clusterId = reader.string();
    else if (tag === tagOf(3, 'varint')) header.shard = reader.varint();
    else if (tag === tagOf(4, 'varint')) header.epoch = reader.varint();
    else if (tag === tagOf(5, 'bytes')) header.from = reader.string();
    else if (tag === tagOf(6, 'bytes')) header.to = reader.string();
    else if (tag === tagOf(7, 'bytes')) header.history = reader.string();
    else if (tag === tagOf(8, 'bytes')) header.epochId = reader.string();
    else reader.skip(tag);
  }
  reader.leave(outerEnd);
  return header;
}
