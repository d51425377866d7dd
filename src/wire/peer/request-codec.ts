/** The request that a log entry executes, as messages between nodes carry it (R16). Written by hand, as the entries are. */
import type { RecordedRequest } from '../../replication/index.js';
import { KnownTexts } from '../protobuf/known-texts.js';
import { type ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import type { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import { readRecordedAnswer, writeRecordedAnswer } from './answer-codec.js';

/** Estimated bytes of a request. */
export const requestMessageBytes = 48;

/** Most requests are those of a few clients. */
const clients = new KnownTexts();

const tags = {
  client: tagOf(1, 'bytes'),
  number: tagOf(2, 'varint'),
  lowest: tagOf(3, 'varint'),
  fingerprint: tagOf(4, 'varint'),
  floor: tagOf(5, 'varint'),
  answer: tagOf(6, 'bytes'),
  seq: tagOf(7, 'varint'),
};

/** @param seq the seq to write: 0 within an entry, which has its own. */
export function writeRequest(writer: ProtobufWriter, field: number, request: RecordedRequest, seq: number): void {
  const { client, number, lowest, fingerprint, floor, answer } = request;
  writer.begin(field, requestMessageBytes);
  writer.string(1, client);
  writer.uint64(2, number);
  writer.uint64(3, lowest);
  writer.uint64(4, fingerprint);
  writer.uint64(5, floor);
  if (answer !== undefined) {
    writer.begin(6, requestMessageBytes);
    writeRecordedAnswer(writer, answer);
    writer.end();
  }
  if (seq !== 0) writer.uint64(7, seq);
  writer.end();
}

/** @param seq that of the entry, where the message itself has none. */
export function readRequest(reader: ProtobufReader, seq = 0): RecordedRequest {
  const request = {
    client: '',
    number: 0,
    lowest: 0,
    fingerprint: 0,
    floor: 0,
    seq,
    answer: undefined as RecordedRequest['answer'],
  };
  const outerEnd = reader.enter();
  while (reader.more) {
    const tag = reader.tag();
    if (tag === tags.client) request.client = clients.read(reader);
    else if (tag === tags.number) request.number = reader.varint();
    else if (tag === tags.lowest) request.lowest = reader.varint();
    else if (tag === tags.fingerprint) request.fingerprint = reader.varint();
    else if (tag === tags.floor) request.floor = reader.varint();
    else if (tag === tags.answer) {
      const requestEnd = reader.enter();
      request.answer = readRecordedAnswer(reader);
      reader.leave(requestEnd);
    } else if (tag === tags.seq) request.seq = reader.varint();
    else reader.skip(tag);
  }
  reader.leave(outerEnd);
  return request;
}
