import { describe, expect, test } from 'vitest';
import type { Expiry, FoundItem, KeyOperation, Transaction } from '../protocol/transaction.js';
import { judgeTransaction } from './judge-transaction.js';

const seq = 100;
const at = { seq, expiryAfter: (ttlMs: number) => 1_000 + ttlMs };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const maxBytes = 10;
const zero = { by: '1', initial: '0' };

/** What becomes of keys with these values, each at version 5; text instead of bytes. */
function judge(before: Readonly<Record<string, string>>, transaction: Partial<Transaction>) {
  const newest = (key: string): FoundItem =>
    before[key] === undefined ? { value: undefined, version: 0 } : { value: bytes(before[key]), version: 5 };
  const judged = judgeTransaction({ compares: [], operations: [], otherwise: [], ...transaction }, newest, at);
  return JSON.parse(
    JSON.stringify(judged, (_, value) => (value instanceof Uint8Array ? new TextDecoder().decode(value) : value)),
  );
}

function one(before: string | undefined, operation: KeyOperation) {
  return judge(before === undefined ? {} : { k: before }, { operations: [operation] });
}

describe('a transaction', () => {
  test('sees its own writes, and writes each key once, with the last value', () => {
    const operations: KeyOperation[] = [
      { kind: 'put', key: 'a', value: bytes('1') },
      { kind: 'increment', key: 'a', ...zero },
      { kind: 'append', key: 'b', value: bytes('x'), maxBytes },
      { kind: 'append', key: 'b', value: bytes('y'), maxBytes },
      { kind: 'get', key: 'a' },
      { kind: 'getAndDelete', key: 'b' },
    ];
    expect(judge({}, { operations })).toEqual({
      held: true,
      writes: [{ key: 'a', value: '2' }, { key: 'b' }],
      results: [
        { version: seq },
        { version: seq, value: '2' },
        { version: seq, valueBytes: 1 },
        { version: seq, valueBytes: 2 },
        { version: seq, value: '2' },
        { version: seq, value: 'xy', previousVersion: seq },
      ],
    });
  });

  describe('whose writes and answer would not fit a log entry', () => {
    const mebibyte = new Uint8Array(1024 * 1024);
    const newest = (key: string): FoundItem =>
      key.startsWith('large') ? { value: mebibyte, version: 5 } : { value: undefined, version: 0 };
    const judged = (...operations: KeyOperation[]) => judgeTransaction({ compares: [], operations, otherwise: [] }, newest, at);
    const many = (count: number, operation: (key: string) => KeyOperation) =>
      Array.from({ length: count }, (_, index) => operation(`large${index}`));
    const put: KeyOperation = { kind: 'put', key: 'a', value: bytes('1') };
    const refused = { refusal: 'MESSAGE_TOO_LARGE', operation: 13, currentVersion: 5 };

    test('is refused for what it answers, whatever it would write', () => {
      const gets = many(12, (key) => ({ kind: 'get', key }));
      expect(judged(...gets, put)).toMatchObject({ held: true, writes: [{ key: 'a' }] });
      expect(judged(...gets, put, { kind: 'getAndDelete', key: 'large' })).toEqual(refused);
    });

    const longer = mebibyte.length + 1;
    test.each<[string, (key: string) => KeyOperation]>([
      ['touch', (key) => ({ kind: 'touch', key, ttlMs: 1 })],
      ['append', (key) => ({ kind: 'append', key, value: bytes(''), maxBytes: longer })],
      ['setRange', (key) => ({ kind: 'setRange', key, offset: mebibyte.length - 1, value: bytes('x'), maxBytes: longer })],
    ])('is refused for what %s writes, however short the request is', (_, operation) => {
      expect(judged(...many(13, operation))).toMatchObject({ held: true });
      expect(judged(...many(14, operation))).toEqual(refused);
    });

    test('is refused if it writes one key again and again, since each time copies the whole value', () => {
      const append: KeyOperation = { kind: 'append', key: 'large', value: bytes('x'), maxBytes: mebibyte.length + 1_024 };
      expect(judged(...Array.from({ length: 12 }, () => append))).toMatchObject({ held: true, writes: [{ key: 'large' }] });
      expect(judged(...Array.from({ length: 13 }, () => append))).toEqual({ ...refused, operation: 12 });
    });

    test('is refused if it writes and answers as much together', () => {
      const replaced = many(7, (key) => ({ kind: 'getAndSet', key, value: mebibyte }));
      expect(judged(...replaced)).toEqual({ ...refused, operation: 6 });
    });
  });

  test.each([
    [{ key: 'a', ifVersion: 5 }, true],
    [{ key: 'a', ifVersion: 4 }, false],
    [{ key: 'none', ifVersion: 0 }, true],
    [{ key: 'a', exists: true }, true],
    [{ key: 'a', exists: false }, false],
    [{ key: 'none', exists: false }, true],
    [{ key: 'a', ifValue: bytes('v') }, true],
    [{ key: 'a', ifValue: bytes('w') }, false],
    [{ key: 'none', ifValue: bytes('') }, false],
  ])('whose comparison is %j executes its operations: %s', (compare, held) => {
    const operations: KeyOperation[] = [{ kind: 'put', key: 'a', value: bytes('then') }];
    const otherwise: KeyOperation[] = [{ kind: 'put', key: 'a', value: bytes('else') }];
    const judged = judge({ a: 'v' }, { compares: [compare], operations, otherwise });
    expect(judged).toMatchObject({ held, writes: [{ key: 'a', value: held ? 'then' : 'else' }] });
  });

  test('keeps what was stored, although the storage changes the bytes that it has shown', () => {
    const shown = bytes('old');
    const newest = () => ({ value: shown, version: 5, expiresAtMs: 9, isStored: true });
    const kinds: KeyOperation[] = [
      { kind: 'get', key: 'a' },
      { kind: 'getAndSet', key: 'b', value: bytes('new') },
      { kind: 'getAndDelete', key: 'c' },
      { kind: 'touch', key: 'd', ttlMs: 1 },
      { kind: 'persist', key: 'e' },
    ];
    const judged = judgeTransaction({ compares: [], operations: kinds, otherwise: [] }, newest, at);
    shown.fill(0);
    const [value, changed] = [bytes('old'), { version: seq }];
    expect(judged).toMatchObject({
      writes: [{ value: bytes('new') }, { value: undefined }, { key: 'd', value }, { key: 'e', value }],
      results: [{ value, version: 5 }, { value }, { value }, changed, changed],
    });
  });

  test('is refused as a whole if one operation is refused, and names it and the version before it', () => {
    const operations: KeyOperation[] = [
      { kind: 'put', key: 'a', value: bytes('new') },
      { kind: 'put', key: 'a', value: bytes('newer'), ifVersion: 5 },
    ];
    expect(judge({ a: 'v' }, { operations })).toEqual({ refusal: 'VERSION_MISMATCH', operation: 1, currentVersion: 5 });
  });

  test('that only reads, or deletes nothing, writes nothing', () => {
    const operations: KeyOperation[] = [
      { kind: 'get', key: 'a' },
      { kind: 'delete', key: 'none' },
      { kind: 'getAndDelete', key: 'none' },
    ];
    const results = [{ version: 5, value: 'v' }, { version: 0 }, { version: 0, previousVersion: 0 }];
    expect(judge({ a: 'v' }, { operations })).toEqual({ held: true, writes: [], results });
  });
});

describe('one operation', () => {
  const increment = (by: string, more = {}): KeyOperation => ({ kind: 'increment', key: 'k', by, initial: '0', ...more });
  test.each([
    [undefined, increment('5'), '5'],
    [undefined, increment('1', { initial: '10' }), '11'],
    ['41', increment('1'), '42'],
    ['0.1', increment('0.2'), '0.3'],
    ['10', increment('-10.5'), '-0.5'],
    ['9', increment('1', { max: '10' }), '10'],
    ['ab', { kind: 'append', key: 'k', value: bytes('cd'), maxBytes }, 'abcd'],
    ['abcd', { kind: 'setRange', key: 'k', offset: 1, value: bytes('XY'), maxBytes }, 'aXYd'],
    ['a', { kind: 'setRange', key: 'k', offset: 3, value: bytes('b'), maxBytes }, 'a\0\0b'],
    [undefined, { kind: 'getAndSet', key: 'k', value: bytes('new') }, 'new'],
    ['v', { kind: 'put', key: 'k', value: bytes('w'), ifValue: bytes('v') }, 'w'],
  ] as [string | undefined, KeyOperation, string][])('on %j: %o leaves %j', (before, operation, after) => {
    expect(one(before, operation)).toMatchObject({ writes: [{ key: 'k', value: after }] });
  });

  test.each([
    ['x', increment('1'), 'NOT_A_NUMBER'],
    ['', increment('1'), 'NOT_A_NUMBER'],
    ['9223372036854775807', increment('1'), 'OUT_OF_RANGE'],
    ['-9223372036854775808', increment('-0.1'), 'OUT_OF_RANGE'],
    ['10', increment('1', { max: '10' }), 'OUT_OF_RANGE'],
    ['0', increment('-1', { min: '0' }), 'OUT_OF_RANGE'],
    ['123456789', { kind: 'append', key: 'k', value: bytes('ab'), maxBytes }, 'VALUE_TOO_LARGE'],
    [undefined, { kind: 'setRange', key: 'k', offset: 2 ** 53 - 1, value: bytes('a'), maxBytes }, 'VALUE_TOO_LARGE'],
    ['v', { kind: 'put', key: 'k', value: bytes('w'), ifValue: bytes('x') }, 'VALUE_MISMATCH'],
    [undefined, { kind: 'delete', key: 'k', ifValue: bytes('') }, 'VALUE_MISMATCH'],
    ['v', { kind: 'delete', key: 'k', ifVersion: 4 }, 'VERSION_MISMATCH'],
  ] as [string | undefined, KeyOperation, string][])('on %j: %o is refused with %s', (before, operation, refusal) => {
    expect(one(before, operation)).toMatchObject({ refusal });
  });
});

describe('the expiry of a key (R17)', () => {
  const dueAt = (expiresAtMs?: number): FoundItem => ({ value: bytes('1'), version: 5, expiresAtMs });
  const judgedOn = (item: FoundItem, ...operations: readonly KeyOperation[]) => {
    const judged = judgeTransaction({ compares: [], operations, otherwise: [] }, () => item, at);
    if ('refusal' in judged) throw new Error(judged.refusal);
    return { expiresAtMs: judged.writes.map((write) => write.expiresAtMs), results: judged.results };
  };
  const value = bytes('2');
  const changes: readonly KeyOperation[] = [
    { kind: 'put', key: 'k', value },
    { kind: 'getAndSet', key: 'k', value },
    { kind: 'append', key: 'k', value, maxBytes },
    { kind: 'setRange', key: 'k', value, offset: 0, maxBytes },
    { kind: 'increment', key: 'k', ...zero },
  ];

  test.each(changes.map((change) => [change.kind, change] as const))('%s removes it, sets it or keeps it', (_kind, change) => {
    const withExpiry = (expiry: Expiry): KeyOperation => ({ ...change, expiry }) as KeyOperation;
    expect(judgedOn(dueAt(70), change).expiresAtMs).toEqual([undefined]);
    expect(judgedOn(dueAt(70), withExpiry({ ttlMs: 30 })).expiresAtMs).toEqual([1_030]);
    expect(judgedOn(dueAt(70), withExpiry('keep')).expiresAtMs).toEqual([70]);
    expect(judgedOn(dueAt(), withExpiry('keep')).expiresAtMs).toEqual([undefined]);
    expect(judgedOn({ value: undefined, version: 0 }, withExpiry('keep')).expiresAtMs).toEqual([undefined]);
  });

  test('is shown by a get, and is that of the operations before it', () => {
    const get: KeyOperation = { kind: 'get', key: 'k' };
    expect(judgedOn(dueAt(70), get).results).toEqual([{ value: bytes('1'), version: 5, expiresAtMs: 70 }]);
    const touched = judgedOn(dueAt(70), { kind: 'touch', key: 'k', ttlMs: 30 }, get).results;
    expect(touched).toMatchObject([
      { version: seq, existed: true, expiresAtMs: 1_030 },
      { version: seq, expiresAtMs: 1_030 },
    ]);
  });

  test('is not there after a delete, nor for a key that is written again', () => {
    const operations: readonly KeyOperation[] = [
      { kind: 'delete', key: 'k' },
      { kind: 'append', key: 'k', value, maxBytes, expiry: 'keep' },
    ];
    expect(judgedOn(dueAt(70), ...operations).expiresAtMs).toEqual([undefined]);
  });

  test('touch of no key, and persist of a key without a TTL, write nothing and say whether the key exists', () => {
    const gone = { value: undefined, version: 0 };
    const [touch, persist]: KeyOperation[] = [
      { kind: 'touch', key: 'k', ttlMs: 30 },
      { kind: 'persist', key: 'k' },
    ];
    expect(judgedOn(gone, touch!)).toEqual({ expiresAtMs: [], results: [{ version: 0, existed: false }] });
    expect(judgedOn(gone, persist!)).toEqual({ expiresAtMs: [], results: [{ version: 0, existed: false }] });
    expect(judgedOn(dueAt(), persist!)).toEqual({ expiresAtMs: [], results: [{ version: 0, existed: true }] });
    expect(judgedOn(dueAt(70), persist!)).toMatchObject({ expiresAtMs: [undefined], results: [{ version: seq, existed: true }] });
  });
});
