/** The request that a log entry executes, as messages between nodes carry it (R16). Written by hand, as the entries are. */
import type { RecordedAnswer, RecordedRequest } from '../../replication/index.js';
import { KnownTexts } from '../protobuf/known-texts.js';
import { type ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import type { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import { readAnswerField, writeAnswerField } from './answer-codec.js';

/** Estimated bytes of a request. */
export const requestMessageBytes = 48;

/** Most requests are those of a few clients. */
export const knownClients = new KnownTexts();

const tags = {
  client: tagOf(1, 'bytes'),
  number: tagOf(2, 'varint'),
  lowest: tagOf(3, 'varint'),
  fingerprint: tagOf(4, 'varint'),
  floor: tagOf(5, 'varint'),
  answer: tagOf(6, 'bytes'),
  seq: tagOf(7, 'varint'),
};

/**
 * @param seq the seq to write: 0 within an entry, which has its own.
 * @param written the value of the first write of that entry
 */
export function writeRequest(
  writer: ProtobufWriter,
  field: number,
  request: RecordedRequest,
  seq: number,
  written?: Uint8Array,
): void {
  const { client, number, lowest, fingerprint, floor, answer } = request;
  writer.begin(field, requestMessageBytes);
  writer.string(1, client);
  writer.uint64(2, number);
  if (lowest !== 0) writer.uint64(3, lowest);
  writer.uint64(4, fingerprint);
  if (floor !== 0) writer.uint64(5, floor);
  if (answer !== undefined) writeAnswerField(writer, 6, answer, written);
  if (seq !== 0) writer.uint64(7, seq);
  writer.end();
}

/**
 * @param seq that of the entry, where the message itself has none.
 * @param written the value of the first write of that entry; undefined: there is no entry, or no such value. @throws MalformedMessage
 */
export function readRequest(reader: ProtobufReader, seq = 0, written?: Uint8Array): RecordedRequest {
  let client = '';
  let number = 0;
  let lowest = 0;
  let fingerprint = 0;
  let floor = 0;
  let ownSeq = seq;
  let answer: RecordedAnswer | undefined;
  const outerEnd = reader.enter();
  while (reader.more) {
    const tag = reader.tag();
    if (tag === tags.client) client = knownClients.read(reader);
    else if (tag === tags.number) number = reader.varint();
    else if (tag === tags.lowest) lowest = reader.varint();
    else if (tag === tags.fingerprint) fingerprint = reader.varint();
    else if (tag === tags.floor) floor = reader.varint();
    else if (tag === tags.answer) answer = readAnswerField(reader, written);
    else if (tag === tags.seq) ownSeq = reader.varint();
    else reader.skip(tag);
  }
  reader.leave(outerEnd);
  return { client, number, lowest, fingerprint, floor, seq: ownSeq, answer };
}
