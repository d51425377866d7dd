import { join } from 'node:path';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { frameTables } from '../../transport/frame-messages.js';
import { changes } from '../contract/change-messages.js';
import { protoFolder, protoOptions } from '../contract/proto-files.js';
import { queries } from '../contract/query-messages.js';
import { scanCopyRequestTable, scanCopyResponseTable } from '../copies/copy-messages.js';
import { scanRequestTable } from '../scan/scan-messages.js';
import { MessageTable } from './message-table.js';
import { MalformedMessage } from './protobuf-reader.js';

const root = new protobuf.Root();
root.resolvePath = (_origin, target) => join(protoFolder, target);
root.loadSync('kv/v1/frames.proto');

/** The tables of a method, by the names of its messages. */
// biome-ignore lint/suspicious/noExplicitAny: tables of different messages.
function messagesOf(rpc: string, request: MessageTable<any>, response: MessageTable<any>, service = 'Cluster') {
  const { requestType, responseType } = root.lookupService(`kv.v1.${service}`).methods[rpc.split('/')[1]!]!;
  return [[requestType, request] as const, [responseType, response] as const];
}

// biome-ignore lint/suspicious/noExplicitAny: tables of different messages.
const tables: readonly (readonly [string, MessageTable<any>])[] = [
  ...Object.values(queries).flatMap(({ rpc, request, response }) => messagesOf(rpc, request, response)),
  ...Object.values(changes).flatMap(({ rpc, request, response }) => messagesOf(`/${rpc}`, request, response, 'KeyValue')),
  ...Object.entries(frameTables),
  ['ScanCopyRequest', scanCopyRequestTable],
  ['ScanCopyResponse', scanCopyResponseTable],
  ['ScanRequest', scanRequestTable],
];

/** Their keys are bytes, as servers read them. */
const withRawKeys = [
  'Get',
  'Put',
  'Delete',
  'Increment',
  'Append',
  'SetRange',
  'GetAndSet',
  'GetAndDelete',
  'Touch',
  'Persist',
].map((name) => `${name}Request`);
for (const name of [...withRawKeys, 'TransactCompare']) {
  const key = root.lookupType(`kv.v1.${name}`).fields.key!;
  key.type = 'bytes';
  key.bytes = true;
  key.resolved = false;
}

/** A message in which every field has a value; the lists have two items. */
function example(type: protobuf.Type): Record<string, unknown> {
  return Object.fromEntries(
    type.fieldsArray.map((field) => {
      const item = (): unknown => {
        const nested = field.resolve().resolvedType;
        if (nested instanceof protobuf.Type) return example(nested);
        if (field.type === 'bytes') return Buffer.from(`${field.name} \u00fc`);
        return field.type === 'string' ? `${field.name} \u00fc` : field.type === 'bool' ? true : 2 ** 31 + field.id;
      };
      return [field.name, field.repeated ? [item(), item()] : item()];
    }),
  );
}

describe.each(tables)('message table of %s', (name, table) => {
  const type = root.lookupType(`kv.v1.${name}`);

  test('it writes what protobufjs reads, and reads what protobufjs writes', () => {
    const message = example(type);
    expect(type.toObject(type.decode(table.encode(message)), { longs: Number })).toEqual(message);
    expect(table.decode(Buffer.from(type.encode(type.fromObject(message)).finish()))).toEqual(message);
  });

  test('absent fields have the defaults of proto-loader, and defaults are not written', () => {
    const { longs } = protoOptions;
    const expected = type.toObject(type.decode(Buffer.alloc(0)), { longs, defaults: true, arrays: true });
    expect(table.decode(Buffer.alloc(0))).toEqual(expected);
    expect(table.encode(expected)).toHaveLength(0);
  });
});

describe('message table', () => {
  const inner = new MessageTable<{ text: string }>({ text: [1, 'string'] });
  const outer = new MessageTable<{ inner: { text: string } | null; count: number; maybe: number | undefined }>({
    inner: [1, inner],
    count: [2, 'uint'],
    maybe: [3, 'optional uint'],
  });

  test('an optional number is written even if it is 0', () => {
    expect(outer.decode(outer.encode({ maybe: 0 }))).toEqual({ inner: null, count: 0, maybe: 0 });
    expect(outer.decode(outer.encode({ count: 7 }))).toEqual({ inner: null, count: 7, maybe: undefined });
  });

  test('fields that the table does not list are skipped, in nested messages too', () => {
    const newer = new MessageTable<{ inner: object; more: string }>({
      inner: [1, new MessageTable<{ text: string; more: number }>({ text: [1, 'string'], more: [9, 'uint'] })],
      more: [8, 'string'],
    });
    const bytes = newer.encode({ inner: { text: 'a', more: 5 }, more: 'b' });
    expect(outer.decode(bytes)).toEqual({ inner: { text: 'a' }, count: 0, maybe: undefined });
  });

  test('a message that cannot be written, and a long one, leave nothing behind for the next', () => {
    expect(() => outer.encode({ inner: { text: 'a' }, count: -1 })).toThrow(RangeError);
    expect(outer.decode(outer.encode({ inner: { text: 'b'.repeat(100_000) } })).inner?.text).toHaveLength(100_000);
    expect(outer.decode(outer.encode({ count: 3 }))).toEqual({ inner: null, count: 3, maybe: undefined });
  });

  test('bytes that are no message are malformed', () => {
    expect(() => outer.decode(Buffer.of((1 << 3) | 2, 9, 1))).toThrow(MalformedMessage);
  });
});
