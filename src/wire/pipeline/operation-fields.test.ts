import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changes, operations } from '../contract/change-messages.js';
import type { TransactOperation } from '../contract/kv-api.js';
import { MalformedMessage, ProtobufReader } from '../protobuf/protobuf-reader.js';
import { OperationFields } from './operation-fields.js';

type Kind = keyof typeof operations;
const kinds = Object.keys(operations) as Kind[];
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const uint = fc.oneof(fc.nat(300), fc.maxSafeNat());
/** Any fields at all: a kind writes those that it has. */
const anyFields = fc.record(
  {
    key: fc.string({ maxLength: 20, unit: 'binary' }).map((text) => Buffer.from(text)),
    value: bytes,
    ifVersion: uint,
    ifValue: bytes,
    by: fc.string(),
    initial: fc.string(),
    min: fc.string(),
    max: fc.string(),
    maxBytes: uint,
    offset: uint,
    ttlMs: uint,
    keepTtl: fc.boolean(),
    sync: fc.boolean(),
    request: fc.constant({ client: 'c', number: 1, lowest: 1, firstAttempt: true }),
  },
  { requiredKeys: [] },
);
const message = fc.tuple(fc.constantFrom(...kinds), anyFields);

const encode = (kind: Kind, fields: object): Buffer => operations[kind][1].encode(fields);

/** What the table reads, as the cursor has it. */
function expected(kind: Kind, encoded: Buffer) {
  const {
    key = Buffer.alloc(0),
    value = Buffer.alloc(0),
    request,
    ...rest
  } = operations[kind][1].decode(encoded) as never as {
    key?: Buffer;
    value?: Buffer;
    request?: object;
    ttlMs?: number;
  };
  const isTouch = kind === 'touch';
  const named = Object.fromEntries(Object.entries(rest).filter(([name]) => name !== 'position'));
  const ttl = isTouch && rest.ttlMs === 0 ? { ttlMs: undefined } : {};
  return {
    ...absent,
    kind,
    key: key.toString(),
    keyBytes: key.length,
    value,
    ...named,
    ...ttl,
    hasIdentity: request !== undefined,
  };
}

const absent = {
  ifVersion: undefined,
  ifValue: undefined,
  ...{ by: '', initial: '', min: '', max: '', maxBytes: 0, offset: 0, ttlMs: undefined, keepTtl: false, sync: false },
};

function found(fields: OperationFields, buffer: Buffer) {
  const { valueStart, valueEnd, ...rest } = fields;
  return { ...rest, value: buffer.subarray(valueStart, valueEnd) };
}

test('the fields of a request are those that its table reads, and never those of the request before', () => {
  const fields = new OperationFields();
  fc.assert(
    fc.property(message, ([kind, values]) => {
      const encoded = encode(kind, values);
      fields.read(new ProtobufReader(encoded), kind, undefined);
      expect(found(fields, encoded)).toEqual(expected(kind, encoded));
    }),
  );
});

test('an operation of a transaction is read with its kind; an empty one has none', () => {
  const fields = new OperationFields();
  fc.assert(
    fc.property(message, ([kind, values]) => {
      const operation = { [kind]: values } as TransactOperation<Buffer>;
      const encoded = changes.transact.request.encode({ operations: [operation] });
      const reader = new ProtobufReader(encoded);
      reader.tag();
      reader.enter();
      fields.readAny(reader);
      expect(found(fields, encoded)).toEqual(expected(kind, encode(kind, values)));
      fields.readAny(new ProtobufReader(Buffer.alloc(0)));
      expect([fields.kind, fields.hasIdentity, fields.sync]).toEqual([undefined, false, false]);
    }),
  );
});

test('whatever the bytes are, nothing but MalformedMessage is thrown', () => {
  const fields = new OperationFields();
  const damaged = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.tuple(message, fc.nat(), fc.nat(255)).map(([[kind, values], at, byte]) => {
      const encoded = encode(kind, values);
      if (encoded.length > 0) encoded[at % encoded.length] = byte;
      return encoded;
    }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...kinds), damaged, (kind, content) => {
      for (const read of [
        (reader: ProtobufReader) => fields.read(reader, kind, undefined),
        (reader: ProtobufReader) => fields.readAny(reader),
      ])
        try {
          read(new ProtobufReader(Buffer.from(content)));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
        }
    }),
  );
});
