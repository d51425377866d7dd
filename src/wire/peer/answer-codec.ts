/** The first answer to a request, as messages between nodes carry it (R16). Written by hand, as the entries are. */
import { maxTransactionOperations } from '../../limits.js';
import { type KeyResult, type RecordedAnswer, wroteAnswer } from '../../replication/index.js';
import { ownCopyOf } from '../protobuf/own-memory.js';
import { MalformedMessage, type ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import type { ProtobufWriter } from '../protobuf/protobuf-writer.js';

/** Estimated bytes of a result beside its value. */
const expectedResultBytes = 12;

/** Estimated bytes of an answer. */
const expectedAnswerBytes = 8;

/** As a field of a request, or of an entry. @param written the value of the first write of the entry; undefined: there is no entry */
export function writeAnswerField(
  writer: ProtobufWriter,
  field: number,
  answer: RecordedAnswer,
  written: Uint8Array | undefined,
): void {
  writer.begin(field, expectedAnswerBytes);
  writeRecordedAnswer(writer, answer, written);
  writer.end();
}

/** Reads such a field, whose tag was read. The values are copies, but for the one that is `written`. @throws MalformedMessage */
export function readAnswerField(reader: ProtobufReader, written: Uint8Array | undefined): RecordedAnswer {
  const outerEnd = reader.enter();
  const answer = withSum(readRecordedAnswer(reader), written);
  reader.leave(outerEnd);
  return answer;
}

/** The content of the message. @param written the value of the first write of the entry; undefined: there is no entry */
export function writeRecordedAnswer(writer: ProtobufWriter, answer: RecordedAnswer, written: Uint8Array | undefined): void {
  switch (answer.kind) {
    case 'wrote':
      return writer.uint64(7, answer.operations);
    case 'counted':
      return writer.bytes(8, answer.sum === written ? noBytes : answer.sum);
    case 'nothingToDelete':
      return;
    case 'refused':
      writer.string(4, answer.refusal);
      if (answer.currentVersion !== 0) writer.uint64(5, answer.currentVersion);
      if (answer.operation !== undefined) writer.uint64(6, answer.operation);
      return;
    case 'transacted':
      writer.bool(1, answer.held);
      if (answer.version !== 0) writer.uint64(2, answer.version);
      for (const result of answer.results) writeResult(writer, result);
  }
}

function writeResult(writer: ProtobufWriter, result: KeyResult): void {
  const { version, value, previousVersion, valueBytes, existed, expiresAtMs } = result;
  writer.begin(3, expectedResultBytes + (value?.length ?? 0));
  if (version !== 0) writer.uint64(1, version);
  if (value !== undefined) writer.bytes(2, value);
  if (previousVersion !== undefined) writer.uint64(3, previousVersion);
  if (valueBytes !== undefined) writer.uint64(4, valueBytes);
  if (existed !== undefined) writer.bool(5, existed);
  if (expiresAtMs !== undefined) writer.uint64(6, expiresAtMs);
  writer.end();
}

const tags = {
  held: tagOf(1, 'varint'),
  version: tagOf(2, 'varint'),
  result: tagOf(3, 'bytes'),
  refusal: tagOf(4, 'bytes'),
  currentVersion: tagOf(5, 'varint'),
  operation: tagOf(6, 'varint'),
  wrote: tagOf(7, 'varint'),
  sum: tagOf(8, 'bytes'),
};
const resultTags = {
  version: tagOf(1, 'varint'),
  value: tagOf(2, 'bytes'),
  previousVersion: tagOf(3, 'varint'),
  valueBytes: tagOf(4, 'varint'),
  existed: tagOf(5, 'varint'),
  expiresAtMs: tagOf(6, 'varint'),
};

const noBytes = new Uint8Array(0);
/** What stands for the value of the entry, until `withSum` puts that in its place. */
const countedByEntry: RecordedAnswer = { kind: 'counted', sum: noBytes };

/** Reads up to the reader's end. The values are copies. @throws MalformedMessage */
export function readRecordedAnswer(reader: ProtobufReader): RecordedAnswer {
  let held: boolean | undefined;
  let version = 0;
  let refusal = '';
  let currentVersion = 0;
  let operation: number | undefined;
  let results: KeyResult[] | undefined;
  let compact: RecordedAnswer | undefined;
  while (reader.more) {
    const tag = reader.tag();
    if (tag === tags.wrote || tag === tags.sum) compact = readCompact(reader, tag);
    else if (tag === tags.held) held = reader.bool();
    else if (tag === tags.version) version = reader.varint();
    else if (tag === tags.result) {
      results ??= [];
      results.push(readResult(reader));
    } else if (tag === tags.refusal) refusal = reader.string();
    else if (tag === tags.currentVersion) currentVersion = reader.varint();
    else if (tag === tags.operation) operation = reader.varint();
    else reader.skip(tag);
  }
  if (compact !== undefined) return compact;
  if (held !== undefined) return { kind: 'transacted', version, held, results: results ?? [] };
  return unwritten(refusal as Refused['refusal'] | '', currentVersion, operation);
}

type Refused = Extract<RecordedAnswer, { kind: 'refused' }>;

function unwritten(refusal: Refused['refusal'] | '', currentVersion: number, operation: number | undefined): RecordedAnswer {
  if (refusal === '') return { kind: 'nothingToDelete' };
  return { kind: 'refused', refusal, currentVersion, ...(operation === undefined ? {} : { operation }) };
}

/** The answer of an entry that has this value in its first write; undefined: there is none. @throws MalformedMessage */
export function withSum(answer: RecordedAnswer, written: Uint8Array | undefined): RecordedAnswer {
  if (answer !== countedByEntry) return answer;
  if (written === undefined) throw new MalformedMessage('an increment without the value that it wrote');
  return { kind: 'counted', sum: written };
}

function readCompact(reader: ProtobufReader, tag: number): RecordedAnswer {
  return tag === tags.wrote ? wroteAnswer(countOf(reader)) : sumOf(reader);
}

/** Limited, because each operation is an object where the answer is given again. */
function countOf(reader: ProtobufReader): number {
  const count = reader.varint();
  if (count >= 1 && count <= maxTransactionOperations) return count;
  throw new MalformedMessage(`an answer to ${count} operations`);
}

function sumOf(reader: ProtobufReader): RecordedAnswer {
  const start = reader.bytes();
  if (start === reader.position) return countedByEntry;
  return { kind: 'counted', sum: ownCopyOf(reader.buffer, start, reader.position) };
}

function readResult(reader: ProtobufReader): KeyResult {
  const result: { -readonly [Name in keyof KeyResult]: KeyResult[Name] } = { version: 0 };
  const outerEnd = reader.enter();
  while (reader.more) {
    const tag = reader.tag();
    if (tag === resultTags.version) result.version = reader.varint();
    else if (tag === resultTags.value) result.value = ownCopyOf(reader.buffer, reader.bytes(), reader.position);
    else if (tag === resultTags.previousVersion) result.previousVersion = reader.varint();
    else if (tag === resultTags.valueBytes) result.valueBytes = reader.varint();
    else if (tag === resultTags.existed) result.existed = reader.bool();
    else if (tag === resultTags.expiresAtMs) result.expiresAtMs = reader.varint();
    else reader.skip(tag);
  }
  reader.leave(outerEnd);
  return result;
}
