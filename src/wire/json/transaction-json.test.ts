import { describe, expect, test } from 'vitest';
import { changes } from '../contract/change-messages.js';
import type { TransactResult } from '../contract/kv-api.js';
import { readTransaction, transactionToJson } from './transaction-json.js';

function read(json: unknown) {
  return readTransaction(Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)));
}

/** What a node decodes from the request. */
function asSent(json: unknown) {
  return changes.transact.request.decode(changes.transact.request.encode(read(json)));
}

const key = Buffer.from('k');

describe('a transaction as JSON', () => {
  test('has every comparison and operation, with the defaults of the contract', () => {
    const sent = asSent({
      if: [
        { key: 'k', version: 0 },
        { key: 'k', exists: false },
        { key: 'k', value: '' },
        { key: 'k', valueBase64: '/w==' },
      ],
      do: [
        { get: { key: 'k' } },
        { put: { key: 'k', value: 'é' } },
        { put: { key: 'k', valueBase64: '', ifVersion: 7, ifValueBase64: 'AAE=' } },
        { put: { key: 'k', value: 'x', ttlMs: 5 } },
        { append: { key: 'k', value: 'x', keepTtl: true } },
        { touch: { key: 'k', ttlMs: 2 ** 40 } },
        { persist: { key: 'k' } },
        { delete: { key: 'k', ifVersion: 7, ifValue: 'x' } },
        { increment: { key: 'k' } },
        { increment: { key: 'k', by: -5, initial: '0.1', min: '-9223372036854775808', max: 9 } },
        { append: { key: 'k', value: 'x' } },
        { append: { key: 'k', value: 'x', maxBytes: 9 } },
        { setRange: { key: 'k', offset: 3, value: 'x' } },
        { getAndSet: { key: 'k', value: 'x' } },
        { getAndDelete: { key: 'k' } },
      ],
      otherwise: [{ get: { key: 'к鍵🔑' } }],
    });
    const x = Buffer.from('x');
    expect(sent).toMatchObject({
      compares: [
        { key, version: 0 },
        { key, exists: false },
        { key, value: Buffer.alloc(0) },
        { key, value: Buffer.of(255) },
      ],
      operations: [
        { get: { key } },
        { put: { key, value: Buffer.from('é') } },
        { put: { key, value: Buffer.alloc(0), ifVersion: 7, ifValue: Buffer.of(0, 1), keepTtl: false } },
        { put: { key, value: x, ttlMs: 5 } },
        { append: { key, value: x, keepTtl: true } },
        { touch: { key, ttlMs: 2 ** 40 } },
        { persist: { key } },
        { delete: { key, ifVersion: 7, ifValue: x } },
        { increment: { key, by: '', initial: '', min: '', max: '' } },
        { increment: { key, by: '-5', initial: '0.1', min: '-9223372036854775808', max: '9' } },
        { append: { key, value: x, maxBytes: 0 } },
        { append: { key, value: x, maxBytes: 9 } },
        { setRange: { key, offset: 3, value: x, maxBytes: 0 } },
        { getAndSet: { key, value: x } },
        { getAndDelete: { key } },
      ],
      otherwise: [{ get: { key: Buffer.from('к鍵🔑') } }],
    });
    const [put] = sent.operations.slice(1);
    expect([put?.put?.ifVersion, put?.put?.ifValue, sent.compares[1]?.version]).toEqual([undefined, undefined, undefined]);
  });

  test('may leave every list out', () => {
    expect(read({})).toEqual({ compares: [], operations: [], otherwise: [] });
  });

  test.each([
    ['{', 'the JSON cannot be parsed'],
    ['[]', 'the body must be an object'],
    [{ else: [] }, 'the body has "else", which is not among its fields: if, do, otherwise'],
    [{ do: {} }, 'do must be a list'],
    [{ do: [1] }, 'do[0] must be an object'],
    [{ sync: 'yes' }, 'sync must be true or false'],
    [{ do: [{ persist: { key: 'k', sync: true } }] }, 'do[0].persist has "sync"'],
    [{ do: [{}] }, 'do[0] must have one operation, not 0: get, put, delete'],
    [{ do: [{ get: { key: 'k' }, put: { key: 'k', value: '' } }] }, 'do[0] must have one operation, not 2'],
    [{ do: [{ incr: { key: 'k' } }] }, 'do[0] has "incr", which is not among its fields'],
    [{ do: [{ get: null }] }, 'do[0].get must be an object'],
    [{ do: [{ get: {} }] }, 'do[0].get.key must be text'],
    [{ do: [{ get: { key: 5 } }] }, 'do[0].get.key must be text'],
    [{ do: [{ put: { key: 'k' } }] }, 'do[0].put.value must be text of valid Unicode'],
    [{ do: [{ put: { key: 'k', value: 5 } }] }, 'do[0].put.value must be text of valid Unicode'],
    [{ do: [{ put: { key: 'k', value: '\ud800' } }] }, 'do[0].put.value must be text of valid Unicode'],
    [{ do: [{ put: { key: 'k', value: 'a', valueBase64: 'YQ==' } }] }, 'do[0].put.value must be given once'],
    [{ do: [{ put: { key: 'k', valueBase64: 'YQ' } }] }, 'do[0].put.valueBase64 must be base64 with its padding'],
    [{ do: [{ put: { key: 'k', valueBase64: 'Y-_=' } }] }, 'do[0].put.valueBase64 must be base64'],
    [{ do: [{ put: { key: 'k', value: '', if_version: 3 } }] }, 'do[0].put has "if_version"'],
    [{ do: [{ put: { key: 'k', value: '', ifVersion: -1 } }] }, 'do[0].put.ifVersion must be a whole number'],
    [{ do: [{ put: { key: 'k', value: '', ifVersion: 2 ** 53 } }] }, 'do[0].put.ifVersion must be a whole number'],
    [{ otherwise: [{ setRange: { key: 'k', value: '' } }] }, 'otherwise[0].setRange.offset must be a whole number'],
    [{ do: [{ increment: { key: 'k', by: 0.5 } }] }, 'do[0].increment.by must be an integer, or a number as text'],
    ['{"do":[{"increment":{"key":"k","by":9007199254740993}}]}', 'do[0].increment.by must be an integer'],
    [{ do: [{ touch: { key: 'k' } }] }, 'do[0].touch.ttlMs must be a whole number'],
    [{ do: [{ touch: { key: 'k', ttlMs: 0 } }] }, 'do[0].touch.ttlMs must be a whole number from 1 to'],
    [
      { do: [{ append: { key: 'k', value: 'x', ttlMs: 1, keepTtl: true } }] },
      'do[0].append.ttlMs and do[0].append.keepTtl exclude each other',
    ],
    [{ do: [{ put: { key: 'k', value: '', keepTtl: 1 } }] }, 'do[0].put.keepTtl must be true or false'],
    [{ if: [{ key: 'k', exists: 'no' }] }, 'if[0].exists must be true or false'],
    [{ if: [{ key: 'k', ifVersion: 1 }] }, 'if[0] has "ifVersion"'],
  ])('%j is refused with its place: %s', (json, message) => {
    expect(() => read(json)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
    );
  });

  test('has sync as a whole', () => {
    expect(['{"sync":true}', '{"sync":false}', '{}'].map((json) => read(json).sync)).toEqual([true, false, undefined]);
  });

  test('is bounded before it is parsed, so that small objects cannot take seconds and memory', () => {
    const many = `{"do":[${'{},'.repeat(8_191)}{}]}`;
    expect(() => read(many)).toThrow('more than 16384 objects, lists and fields; a transaction has at most 1024');
    const full = { put: { key: '{k},[', value: ',{['.repeat(1_000), ifVersion: 1, ifValue: '\\"', ttlMs: 1, keepTtl: false } };
    expect(read({ do: Array.from({ length: 1_024 }, () => full) }).operations).toHaveLength(1_024);
  });

  test('refuses bytes that are not UTF-8, and a key that is not Unicode', () => {
    expect(() => readTransaction(Buffer.of(0x22, 0xff, 0x22))).toThrow('the JSON is not valid UTF-8');
    expect(() => read({ do: [{ get: { key: '\ud800' } }] })).toThrow(expect.objectContaining({ code: 'INVALID_KEY' }));
  });
});

test('the results of a transaction as JSON have the form of its operations, and bytes that are not UTF-8 as base64', () => {
  const nodeId = '';
  const none = Buffer.alloc(0);
  const results: TransactResult[] = [
    { get: { found: true, value: Buffer.of(255), version: 3, nodeId } },
    { get: { found: true, value: none, version: 3, nodeId, expiresInMs: 0 } },
    { get: { found: false, value: none, version: 0, nodeId } },
    { touch: { found: true, version: 9, nodeId } },
    { persist: { found: true, hadTtl: false, version: 0, nodeId } },
    { put: { version: 9, nodeId } },
    { delete: { existed: false, version: 0, nodeId } },
    { increment: { value: '0.5', version: 9, nodeId } },
    { append: { valueBytes: 4, version: 9, nodeId } },
    { setRange: { valueBytes: 5, version: 9, nodeId } },
    { getAndSet: { found: true, previousValue: none, previousVersion: 2, version: 9, nodeId } },
    { getAndDelete: { found: false, previousValue: none, previousVersion: 0, version: 0, nodeId } },
  ];
  expect(transactionToJson({ held: true, version: 9, results })).toEqual({
    held: true,
    version: 9,
    results: [
      { get: { found: true, valueBase64: '/w==', version: 3 } },
      { get: { found: true, value: '', version: 3, expiresInMs: 0 } },
      { get: { found: false } },
      { touch: { found: true, version: 9 } },
      { persist: { found: true, hadTtl: false, version: 0 } },
      { put: { version: 9 } },
      { delete: { existed: false, version: 0 } },
      { increment: { value: '0.5', version: 9 } },
      { append: { valueBytes: 4, version: 9 } },
      { setRange: { valueBytes: 5, version: 9 } },
      { getAndSet: { version: 9, previous: { value: '', version: 2 } } },
      { getAndDelete: { version: 0 } },
    ],
  });
});
