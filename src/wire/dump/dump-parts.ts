/** The messages of kv.v1.Cluster/DumpShard, which proto/kv/v1/kv.proto documents: what a shard holds at one position of its log. */
import type { ShardPosition } from '../../errors.js';
import { positionTable } from '../contract/position-message.js';
import { MessageTable } from '../protobuf/message-table.js';
import { MalformedMessage, ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import { DumpedRecords, recordsField } from './dump-records.js';

export interface DumpBegin {
  /** Where the shard was when the call came. */
  readonly position: ShardPosition;
  readonly epoch: number;
  readonly keys: number;
  /** Bytes of all keys and values. */
  readonly dataBytes: number;
  readonly nodeId: string;
}

export interface DumpEnd {
  /** The records are the state of the shard at this position. */
  readonly position: ShardPosition;
  /** The time of the shard then (R17). */
  readonly timeMs: number;
}

/** In this order: one `begin`, any number of `records`, one `end`. */
export type DumpPart =
  | ({ readonly type: 'begin' } & DumpBegin)
  | { readonly type: 'records'; readonly records: DumpedRecords }
  | ({ readonly type: 'end' } & DumpEnd);

/** The full name of the rpc. */
export const dumpShardRpc = 'kv.v1.Cluster/DumpShard';

export interface DumpShardRequest {
  readonly shard: number;
  /** The node scans no faster; 0: as its own limit allows. */
  readonly maxBytesPerSecond: number;
}

export const dumpRequestTable = new MessageTable<DumpShardRequest>({ shard: [1, 'uint'], maxBytesPerSecond: [2, 'uint'] });

const beginTable = new MessageTable<Omit<DumpBegin, 'position'> & { readonly position: ShardPosition | null }>({
  position: [1, positionTable],
  epoch: [2, 'uint'],
  keys: [3, 'uint'],
  dataBytes: [4, 'uint'],
  nodeId: [5, 'string'],
});

const endTable = new MessageTable<Omit<DumpEnd, 'position'> & { readonly position: ShardPosition | null }>({
  position: [1, positionTable],
  timeMs: [2, 'uint'],
});

/** Field numbers in a DumpShardResponse. */
const fields = { begin: 1, records: recordsField, end: 3 } as const;
const tags = {
  begin: tagOf(fields.begin, 'bytes'),
  records: tagOf(fields.records, 'bytes'),
  end: tagOf(fields.end, 'bytes'),
};

export function encodeBegin(begin: DumpBegin): Buffer {
  return encode(fields.begin, (writer) => beginTable.write(writer, begin));
}

export function encodeEnd(end: DumpEnd): Buffer {
  return encode(fields.end, (writer) => endTable.write(writer, end));
}

function encode(field: number, write: (writer: ProtobufWriter) => void): Buffer {
  const writer = new ProtobufWriter();
  writer.begin(field);
  write(writer);
  writer.end();
  return writer.take();
}

/** @returns undefined for a part of a kind that is not known here. @throws MalformedMessage */
export function readDumpPart(message: Buffer): DumpPart | undefined {
  const reader = new ProtobufReader(message);
  let part: DumpPart | undefined;
  while (reader.more) {
    const tag = reader.tag();
    if (tag === tags.begin) part = { type: 'begin', ...withPosition(within(reader, () => beginTable.read(reader))) };
    else if (tag === tags.end) part = { type: 'end', ...withPosition(within(reader, () => endTable.read(reader))) };
    else if (tag === tags.records) {
      const start = reader.bytes();
      part = { type: 'records', records: new DumpedRecords(message, start, reader.position) };
    } else reader.skip(tag);
  }
  return part;
}

function within<Message>(reader: ProtobufReader, read: () => Message): Message {
  const outerEnd = reader.enter();
  const message = read();
  reader.leave(outerEnd);
  return message;
}

function withPosition<Message extends { readonly position: ShardPosition | null }>(
  message: Message,
): Message & { readonly position: ShardPosition } {
  const { position } = message;
  if (position === null) throw new MalformedMessage('a part of a dump without a position');
  return { ...message, position };
}
