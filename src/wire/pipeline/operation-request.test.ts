import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changes, operations, results } from '../contract/change-messages.js';
import { ProtobufReader } from '../protobuf/protobuf-reader.js';
import { encodeMessage } from '../protobuf/shared-writer.js';
import { AnswerFields, messageOfAnswer } from './answer-fields.js';
import { type OperationRequest, writeOperation, writeOperationRequest } from './operation-request.js';
import { TransactAnswer, transactFields } from './transact-answer.js';

type Kind = OperationRequest['kind'];

const kinds = Object.keys(operations) as Kind[];
const text = fc.string({ maxLength: 20, unit: 'binary' });
const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array));
const uint = fc.oneof(fc.nat(300), fc.maxSafeNat());
const optional = { ifVersion: uint, ifValue: bytes, by: text, initial: text, min: text, max: text, keepTtl: fc.boolean() };
const fields = fc.record(
  { key: text, value: bytes, ttlMs: uint, maxBytes: uint, offset: uint, ...optional },
  { requiredKeys: ['key', 'value', 'ttlMs'] },
);
const request: fc.Arbitrary<OperationRequest> = fc.tuple(fc.constantFrom(...kinds), fields).map(([kind, rest]) => ({
  kind,
  ...rest,
}));

/** As the table has it: a key is bytes. */
function messageOf({ kind: _, key, ...rest }: OperationRequest) {
  return { key: Buffer.from(key), ...rest };
}

test('a request is what the table of its message reads', () => {
  fc.assert(
    fc.property(request, (one) => {
      const table = operations[one.kind][1];
      const encoded = encodeMessage((writer) => writeOperationRequest(writer, one));
      expect(table.decode(encoded)).toEqual(table.decode(table.encode(messageOf(one))));
    }),
  );
});

test('an operation of a transaction is what the table of the transaction reads', () => {
  const table = changes.transact.request;
  fc.assert(
    fc.property(request, request, (one, other) => {
      const encoded = encodeMessage((writer) => {
        writeOperation(writer, transactFields.operations, one);
        writeOperation(writer, transactFields.otherwise, other);
      });
      const [operation, otherwise] = [one, other].map((each) => ({ [each.kind]: messageOf(each) }));
      expect(table.decode(encoded)).toEqual(table.decode(table.encode({ operations: [operation!], otherwise: [otherwise!] })));
    }),
  );
});

const answer = fc.tuple(
  fc.constantFrom(...kinds),
  fc.record(
    {
      ...{ found: fc.boolean(), existed: fc.boolean(), hadTtl: fc.boolean(), text, bytes, version: uint },
      ...{ previousValue: bytes, previousVersion: uint, valueBytes: uint, expiresInMs: uint, nodeId: text },
    },
    { requiredKeys: ['text', 'bytes'] },
  ),
);

function answered([kind, { text: sum, bytes: value, ...rest }]: [Kind, { text: string; bytes: Buffer }]) {
  return { kind, message: { ...rest, value: kind === 'increment' ? sum : value } };
}

test('the fields of an answer are those that its table reads, and never those of the answer before', () => {
  const cursor = new AnswerFields();
  fc.assert(
    fc.property(answer.map(answered), ({ kind, message }) => {
      const table = results[kind][1];
      const encoded = table.encode(message as object);
      cursor.read(new ProtobufReader(encoded), kind);
      const { position: _, ...expected } = { position: undefined, ...table.decode(encoded) };
      expect(messageOfAnswer(cursor)).toEqual({ [kind]: expected });
    }),
  );
});

test('the answer to a transaction is what its table reads; a result that is not set has no kind', () => {
  const cursor = new AnswerFields();
  const parts = fc.array(fc.option(answer.map(answered)), { maxLength: 4 });
  fc.assert(
    fc.property(parts, fc.boolean(), uint, text, (list, held, version, nodeId) => {
      const named = list.map((one) => (one === null ? {} : { [one.kind]: one.message }));
      const encoded = changes.transact.response.encode({ held, version, results: named as object[], nodeId });
      const found = new TransactAnswer(encoded);
      expect(found).toMatchObject({ held, version, nodeId });
      for (const one of list) {
        expect(found.next(cursor)).toBe(true);
        expect(cursor.kind).toBe(one?.kind);
      }
      expect(found.next(cursor)).toBe(false);
    }),
  );
});
