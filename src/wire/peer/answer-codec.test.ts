import { describe, expect, test } from 'vitest';
import { type RecordedAnswer, wroteAnswer } from '../../replication/index.js';
import { MalformedMessage, ProtobufReader } from '../protobuf/protobuf-reader.js';
import { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import { readRecordedAnswer, withSum, writeRecordedAnswer } from './answer-codec.js';

function encoded(answer: RecordedAnswer, written?: Uint8Array): Buffer {
  const writer = new ProtobufWriter();
  writeRecordedAnswer(writer, answer, written);
  return writer.take();
}

const sum = new Uint8Array([0x34, 0x32]);

describe('the sum of an increment', () => {
  test('that its entry writes is not written twice, and shares the memory of that value', () => {
    const bytes = encoded({ kind: 'counted', sum }, sum);
    expect(bytes.length).toBe(2);
    const answer = withSum(readRecordedAnswer(new ProtobufReader(bytes)), sum);
    expect(answer).toEqual({ kind: 'counted', sum });
    expect(answer.kind === 'counted' && answer.sum).toBe(sum);
  });

  test('is written where there is no entry', () => {
    expect(withSum(readRecordedAnswer(new ProtobufReader(encoded({ kind: 'counted', sum }))), undefined)).toEqual({
      kind: 'counted',
      sum,
    });
  });

  test('without the value that stands for it is malformed', () => {
    const answer = readRecordedAnswer(new ProtobufReader(encoded({ kind: 'counted', sum }, sum)));
    expect(() => withSum(answer, undefined)).toThrow(MalformedMessage);
  });
});

test('an answer to more operations than a transaction can have, or to none, is malformed', () => {
  for (const operations of [0, 1_025, 2 ** 50])
    expect(() => readRecordedAnswer(new ProtobufReader(encoded({ kind: 'wrote', operations })))).toThrow(MalformedMessage);
  expect(readRecordedAnswer(new ProtobufReader(encoded(wroteAnswer(1_024))))).toBe(wroteAnswer(1_024));
});
