/** The common form of all messages between nodes: a header, and one of several bodies. A body is read after its header. */
import type { ClusterFormat } from '../../formats.js';
import { ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import type { ProtobufWriter } from '../protobuf/protobuf-writer.js';

/** The cluster that messages belong to. */
export interface PeerCluster {
  readonly clusterId: string;
  /** Messages are written in the format in use, and read in every supported one. */
  readonly format: ClusterFormat;
}

/** The header that every message between nodes has. In every format its first two fields are the same. */
export interface Header {
  formatVersion: number;
  clusterId: string;
  shard: number;
  /** The shard's history and epoch as the sender knows them. */
  history: string;
  epoch: number;
  epochId: string;
  from: string;
  to: string;
}

/** The fields of a header that come from the replica's message. */
export type ReplicaHeader = Pick<Header, 'history' | 'epoch' | 'epochId' | 'from' | 'to'>;

/** A message whose header has been read and whose body has not: in another format version the body could be anything. */
export interface Envelope {
  /** Undefined if the message has none. In a stream it may name a shard instead, and the reader restores that shard's last header. */
  header: Header | undefined;
  readonly repeatedShard: number | undefined;
  /** The number of the snapshot that the message belongs to; 0 in other messages. */
  readonly number: number;
  /** The field number of the body; 0 if the message has no body known here. */
  readonly bodyField: number;
  readonly bytes: Buffer;
  readonly bodyStart: number;
  readonly bodyEnd: number;
}

const headerField = 1;
/** Field number of the snapshot's number in DumpRequest and DumpMessage. */
export const numberField = 2;
/** Field number of ReplicateMessage.repeated_shard. */
export const repeatedShardField = 15;
/** The range of the field numbers of bodies, over all kinds of messages. */
const minBodyField = 2;
const maxBodyField = 13;

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

/** Reads the message that lies from `start` up to `end`. */
export function readEnvelope(bytes: Buffer, start = 0, end = bytes.length): Envelope {
  const reader = new ProtobufReader(bytes, start, end);
  let header: Header | undefined;
  let repeatedShard: number | undefined;
  let number = 0;
  let bodyField = 0;
  let bodyStart = 0;
  let bodyEnd = 0;
  while (reader.more) {
    const tag = reader.tag();
    const field = tag >>> 3;
    if (tag === tagOf(headerField, 'bytes')) header = readHeader(reader);
    else if (tag === tagOf(repeatedShardField, 'varint')) repeatedShard = reader.varint();
    else if (tag === tagOf(numberField, 'varint')) number = reader.varint();
    else if (tag === tagOf(field, 'bytes') && field >= minBodyField && field <= maxBodyField) {
      bodyField = field;
      bodyStart = reader.bytes();
      bodyEnd = reader.position;
    } else reader.skip(tag);
  }
  return { header, repeatedShard, number, bodyField, bytes, bodyStart, bodyEnd };
}

/** Returns a reader of the message's body. */
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
