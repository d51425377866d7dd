/** Transactions through every API: the same answer, code, text and counters. */
import { describe, expect, test } from 'vitest';
import { expectAnswers, keyRequests, refusal, testCluster } from './test-cluster.fixture.js';
import { maxValueBytes, testedApis } from './test-node.fixture.js';
import type { TransactionRequest } from './test-request.fixture.js';

const { get } = keyRequests;
const cluster = testCluster();

const [k, other] = [Buffer.from('k'), Buffer.from('other')];
const read = (key = k) => ({ get: { key } });
const write = (text: string, more = {}, key = k) => ({
  put: { key, value: Buffer.from(text), ...more },
});
const remove = (more = {}) => ({ delete: { key: k, ...more } });
const add = (by: string, key = k, more = {}) => ({ increment: { key, by, ...more } });
const append = (text: string, maxBytes = 0) => ({
  append: { key: k, value: Buffer.from(text), maxBytes },
});

function transact(operations: readonly object[], more: TransactionRequest['transaction'] = {}): TransactionRequest {
  return { kind: 'transact', transaction: { operations: [...operations], ...more } };
}

const done = (version: number, ...results: object[]) => ({ held: true, version, results });
const otherwise = (version: number, ...results: object[]) => ({ held: false, version, results });

describe.each([...testedApis, 'frames'] as const)('a transaction by %s', (api) => {
  test('executes all its operations as one write, and each sees those before it', async () => {
    const setRange = { setRange: { key: k, offset: 1, value: Buffer.from('-'), maxBytes: 0 } };
    const getAndSet = { getAndSet: { key: k, value: Buffer.of(255) } };
    await expectAnswers(api, cluster.nodeOf('a'), [
      [
        transact([read(), write('1'), add('41.5'), append('!'), setRange, read()]),
        done(
          1,
          { get: { found: false } },
          { put: { version: 1 } },
          { increment: { value: '42.5', version: 1 } },
          { append: { valueBytes: 5, version: 1 } },
          { setRange: { valueBytes: 5, version: 1 } },
          { get: { found: true, value: '4-.5!', version: 1 } },
        ),
      ],
      [
        transact([getAndSet, read(), { getAndDelete: { key: k } }, remove(), write('x', {}, other)]),
        done(
          2,
          { getAndSet: { version: 2, previous: { value: '4-.5!', version: 1 } } },
          { get: { found: true, valueBase64: '/w==', version: 2 } },
          { getAndDelete: { version: 2, previous: { valueBase64: '/w==', version: 2 } } },
          { delete: { existed: false, version: 0 } },
          { put: { version: 2 } },
        ),
      ],
      [get, { found: false, value: '', version: 0 }],
      [
        { ...get, key: other },
        { found: true, value: 'x', version: 2 },
      ],
    ]);
  });

  test('executes the other list if a comparison does not hold', async () => {
    const missing = { compares: [{ key: k, exists: false }], otherwise: [read()] };
    const [same, different] = [
      {
        compares: [
          { key: k, version: 1 },
          { key: k, value: Buffer.from('x') },
          { key: k, exists: true },
        ],
      },
      {
        compares: [
          { key: k, version: 1 },
          { key: k, value: Buffer.alloc(0) },
        ],
      },
    ];
    await expectAnswers(api, cluster.nodeOf('a'), [
      [transact([write('x')], missing), done(1, { put: { version: 1 } })],
      [transact([write('y')], missing), otherwise(0, { get: { found: true, value: 'x', version: 1 } })],
      [transact([], different), otherwise(0)],
      [transact([append('y')], same), done(2, { append: { valueBytes: 2, version: 2 } })],
      [transact([append('y')], { ...same, otherwise: [remove()] }), otherwise(3, { delete: { existed: true, version: 3 } })],
      [transact([], { compares: [{ key: k, version: 0 }] }), done(0)],
    ]);
  });

  test('is refused as a whole if one operation is, which is named', async () => {
    const node = cluster.nodeOf('a');
    const second = (text: string) => `operation 2 of the transaction: ${text}`;
    const named = (code: string, message: string) => refusal(code, second(message));
    const at = (code: string, message: string) => refusal(code, second(message), { currentVersion: 1 });
    const tooLong = 'the whole value would be longer than allowed; nothing was written';
    const noNumber = 'the value is not a number of up to 19 digits before and 17 after the point';
    const value = 'the key has another value; it is at version 1';
    const first = write('x', {}, other);
    await expectAnswers(api, node, [
      [transact([write('text')]), done(1, { put: { version: 1 } })],
      [transact([first, write('', { ifVersion: 7 })]), at('VERSION_MISMATCH', 'the key is at version 1')],
      [transact([first, remove({ ifVersion: 7 })]), at('VERSION_MISMATCH', 'the key is at version 1')],
      [transact([first, write('', { ifValue: k })]), at('VALUE_MISMATCH', value)],
      [transact([first, remove({ ifValue: k })]), at('VALUE_MISMATCH', value)],
      [transact([first, add('1')]), named('NOT_A_NUMBER', noNumber)],
      [transact([first, append('more', 7)]), named('VALUE_TOO_LARGE', tooLong)],
      [
        transact([first, add('1', Buffer.from('n'), { max: '0' })]),
        named('OUT_OF_RANGE', 'the sum is outside its bounds; nothing was written'),
      ],
      [
        { ...get, key: other },
        { found: false, value: '', version: 0 },
      ],
      [get, { found: true, value: 'text', version: 1 }],
    ]);
  });

  test('that can never be right is refused before anything is executed', async () => {
    const large = Buffer.alloc(maxValueBytes + 1);
    const many = Array.from({ length: 1_024 }, () => read());
    const limit = 'at most 1024 are allowed, which no option changes';
    const count = `the transaction has 1025 comparisons and operations; ${limit}`;
    await expectAnswers(api, cluster.nodeOf('a'), [
      [transact([]), refusal('INVALID_ARGUMENT', 'a transaction without a comparison or an operation')],
      [transact(many, { otherwise: [read()] }), refusal('INVALID_ARGUMENT', count)],
      [transact(many, { compares: [{ key: k }] }), refusal('INVALID_ARGUMENT', count)],
      [transact([read(Buffer.alloc(0))]), refusal('INVALID_KEY', 'the key is empty; a key has 1 to 1,024 bytes')],
      [
        transact([write('x'), { put: { key: k, value: large } }]),
        refusal('VALUE_TOO_LARGE', `the value has ${large.length} bytes; this node takes at most ${maxValueBytes}`),
      ],
      [
        transact([write('x'), remove({ ifVersion: 0 })]),
        refusal('INVALID_ARGUMENT', 'if_version 0 means "only if absent", which no deletion can be'),
      ],
      [transact(many.slice(1), { compares: [{ key: k, exists: true }] }), otherwise(0)],
      [get, { found: false, value: '', version: 0 }],
    ]);
  });

  test('with keys of several shards is refused, and the shards are named', async () => {
    const named =
      'the keys belong to the shards 3, 5; those of one transaction must belong to one shard. ' +
      'Keys with the same {tag} do; nothing was executed';
    const node = cluster.nodeOf('a', { shardCount: 8 });
    await expectAnswers(api, node, [
      [transact([write('x'), write('x', {}, other)]), refusal('INVALID_ARGUMENT', named)],
      [transact([write('x')], { compares: [{ key: other, exists: false }] }), refusal('INVALID_ARGUMENT', named)],
      [transact([write('x')], { otherwise: [read(other)] }), refusal('INVALID_ARGUMENT', named)],
    ]);
  });

  test('that only reads sees its keys at one moment, and writes nothing', async () => {
    await expectAnswers(api, cluster.nodeOf('a'), [
      [transact([write('1')]), done(1, { put: { version: 1 } })],
      [
        transact([read(), read(other), { getAndDelete: { key: other } }]),
        done(0, { get: { found: true, value: '1', version: 1 } }, { get: { found: false } }, { getAndDelete: { version: 0 } }),
      ],
      [transact([write('2')]), done(2, { put: { version: 2 } })],
    ]);
  });
});

test.each(['pipeline', 'unary', 'frames'] as const)(
  'a transaction by %s with an operation that this version does not know is refused',
  async (api) => {
    const node = cluster.nodeOf('a');
    const unknown = refusal('INVALID_ARGUMENT', 'an operation of a transaction that this version does not know');
    await expectAnswers(api, node, [[transact([write('x'), {}]), unknown]]);
    expect(await node.send(api, get)).toMatchObject({ found: false });
  },
);
