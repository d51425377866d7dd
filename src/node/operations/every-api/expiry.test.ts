/** Keys that expire, through every API: what an operation leaves of a TTL, and what it finds once the key is due. */
import { describe, expect, test } from 'vitest';
import { maxTtlMs } from '../../../limits.js';
import { expectAnswers, key, keyRequests, refusal, testCluster } from './test-cluster.fixture.js';
import { testedApis } from './test-node.fixture.js';
import type { ChangeRequest, TestRequest } from './test-request.fixture.js';

const { get, put, remove } = keyRequests;
const cluster = testCluster();

const ttlMs = 500;
const dying = { ...put, ttlMs };

function change(kind: ChangeRequest['kind'], options: ChangeRequest['options'] = {}, text?: string): ChangeRequest {
  return { kind, key, options, ...(text !== undefined && { value: Buffer.from(text) }) };
}

const touch = change('touch', { ttlMs });
const persist = change('persist');

/** The answer to a get. */
const found = (value: string, version: number, expiresInMs?: number) => ({
  found: true,
  value,
  version,
  ...(expiresInMs !== undefined && { expiresInMs }),
});
const nothing = { found: false, value: '', version: 0 };

describe.each([...testedApis, 'frames'] as const)('expiry by %s', (api) => {
  test('a put gives a TTL, keeps it or takes it away, and a get answers with what is left', async () => {
    const node = cluster.nodeOf('a');
    await expectAnswers(api, node, [
      [dying, { version: 1 }],
      [get, found('value', 1, ttlMs)],
    ]);
    cluster.c.elapse(200);
    await expectAnswers(api, node, [
      [get, found('value', 1, 300)],
      [{ ...put, keepTtl: true }, { version: 2 }],
      [get, found('value', 2, 300)],
      [{ ...put, keepTtl: true, ifVersion: 2, ifValue: put.value }, { version: 3 }],
      [get, found('value', 3, 300)],
      [{ ...put, ttlMs: maxTtlMs, ifVersion: 3 }, { version: 4 }],
      [get, found('value', 4, maxTtlMs)],
      [{ ...put, keepTtl: false }, { version: 5 }],
      [get, found('value', 5)],
      [{ ...put, keepTtl: true }, { version: 6 }],
      [get, found('value', 6)],
    ]);
  });

  test('touch and persist change the TTL alone', async () => {
    const node = cluster.nodeOf('a');
    await expectAnswers(api, node, [
      [touch, { found: false, version: 0 }],
      [persist, { found: false, hadTtl: false, version: 0 }],
      [put, { version: 1 }],
      [persist, { found: true, hadTtl: false, version: 0 }],
      [touch, { found: true, version: 2 }],
      [get, found('value', 2, ttlMs)],
    ]);
    cluster.c.elapse(200);
    await expectAnswers(api, node, [
      [touch, { found: true, version: 3 }],
      [get, found('value', 3, ttlMs)],
      [persist, { found: true, hadTtl: true, version: 4 }],
      [get, found('value', 4)],
    ]);
  });

  test.each([
    ['increment', undefined, '1', { value: '1' }],
    ['append', 'x', 'x', { valueBytes: 1 }],
    ['setRange', 'x', 'x', { valueBytes: 1 }],
    ['getAndSet', 'x', 'x', {}],
  ] as const)('%s gives a TTL, keeps it or takes it away', async (kind, text, value, answer) => {
    const node = cluster.nodeOf('a');
    const options: Record<string, number> = kind === 'setRange' ? { offset: 0 } : {};
    const again = { increment: '2', append: 'xx', setRange: 'x', getAndSet: 'x' }[kind];
    const third = { increment: '3', append: 'xxx', setRange: 'x', getAndSet: 'x' }[kind];
    await expectAnswers(api, node, [
      [change(kind, { ...options, ttlMs }, text), { ...answer, version: 1 }],
      [get, found(value, 1, ttlMs)],
    ]);
    await node.send(api, change(kind, { ...options, keepTtl: true }, text));
    await expectAnswers(api, node, [[get, found(again, 2, ttlMs)]]);
    await node.send(api, change(kind, options, text));
    await expectAnswers(api, node, [[get, found(third, 3)]]);
  });

  // Version 1 is the put, version 2 the deletion of the key that is due.
  test.each<[string, TestRequest, object]>([
    ['a get', get, nothing],
    ['a delete', remove, { existed: false, version: 0 }],
    ['a put on condition that the key does not exist', { ...put, ifVersion: 0 }, { version: 3 }],
    ['a put', put, { version: 2 }],
    ['a put that keeps the TTL', { ...put, keepTtl: true }, { version: 3 }],
    [
      'a put on condition of the old version',
      { ...put, ifVersion: 1 },
      refusal('VERSION_MISMATCH', 'the key is at version 0', { currentVersion: 0 }),
    ],
    [
      'a put on condition of the old value',
      { ...put, ifValue: put.value },
      refusal('VALUE_MISMATCH', 'the key has another value; it is at version 0', { currentVersion: 0 }),
    ],
    ['an increment', change('increment', { by: '2' }), { value: '2', version: 3 }],
    ['a touch', touch, { found: false, version: 0 }],
    ['a persist', persist, { found: false, hadTtl: false, version: 0 }],
    ['getAndDelete', change('getAndDelete'), { version: 0 }],
    [
      'a transaction',
      { kind: 'transact', transaction: { compares: [{ key, exists: false }], operations: [{ get: { key } }] } },
      { held: true, version: 0, results: [{ get: { found: false } }] },
    ],
  ])('a key that is due does not exist for %s', async (_, request, expected) => {
    const node = cluster.nodeOf('a');
    await expectAnswers(api, node, [[dying, { version: 1 }]]);
    cluster.c.elapse(ttlMs - 1);
    await expectAnswers(api, node, [[get, found('value', 1, 1)]]);
    cluster.c.elapse(1);
    await expectAnswers(api, node, [[request, expected]]);
  });

  test('an answer that shows the end of a key comes once every in-sync replica has the deletion', async () => {
    const node = cluster.nodeOf('a');
    await expectAnswers(api, node, [[dying, { version: 1 }]]);
    cluster.c.elapse(ttlMs);
    await expectAnswers(api, node, [[get, nothing]]);
    expect(cluster.c.node('b').replica.status(cluster.c.cluster.nowMs).lastSeq).toBe(2);
  });

  test('a transaction sees the TTLs that its operations leave', async () => {
    const message = (fields: object = {}) => ({ key, ...fields });
    const operations = [
      { put: message({ value: Buffer.from('v'), ttlMs }) },
      { get: message() },
      { append: message({ value: Buffer.from('w'), keepTtl: true }) },
      { get: message() },
      { persist: message() },
      { get: message() },
      { touch: message({ ttlMs: 2 * ttlMs }) },
      { get: message() },
    ];
    const got = (value: string, expiresInMs?: number) => ({
      get: { found: true, value, version: 1, ...(expiresInMs !== undefined && { expiresInMs }) },
    });
    const results = [
      { put: { version: 1 } },
      got('v', ttlMs),
      { append: { valueBytes: 2, version: 1 } },
      got('vw', ttlMs),
      { persist: { found: true, hadTtl: true, version: 1 } },
      got('vw'),
      { touch: { found: true, version: 1 } },
      got('vw', 2 * ttlMs),
    ];
    await expectAnswers(api, cluster.nodeOf('a'), [
      [
        { kind: 'transact', transaction: { operations } },
        { held: true, version: 1, results },
      ],
      [get, found('vw', 1, 2 * ttlMs)],
    ]);
  });

  test('a TTL that can never be right is refused, whether or not this node holds the shard', async () => {
    // HTTP has names of its own: those of its headers, and of options in the query.
    const [header, query] = api === 'rest' ? ['Kv-Ttl-Ms', 'ttlMs'] : ['ttl_ms', 'ttl_ms'];
    const [keepHeader, keepQuery] = api === 'rest' ? ['Kv-Keep-Ttl', 'keepTtl'] : ['keep_ttl', 'keep_ttl'];
    const range = (name: string, given: number) =>
      refusal('INVALID_ARGUMENT', `${name} must be a whole number from 1 to ${maxTtlMs}, which is 100 years, not ${given}`);
    const both = (one: string, other: string) => refusal('INVALID_ARGUMENT', `${one} and ${other} exclude each other`);
    for (const node of [cluster.nodeOf('a'), cluster.nodeOf('b', { local: () => undefined, primaryElsewhere: () => 'a:1' })])
      await expectAnswers(api, node, [
        [{ ...put, ttlMs: 0 }, range(header, 0)],
        [{ ...put, ttlMs: maxTtlMs + 1 }, range(header, maxTtlMs + 1)],
        [{ ...put, ttlMs: 1, keepTtl: true }, both(header, keepHeader)],
        [change('increment', { ttlMs: 0 }), range(query, 0)],
        [change('append', { ttlMs: 1, keepTtl: true }, 'x'), both(query, keepQuery)],
        [change('touch', { ttlMs: maxTtlMs + 1 }), range(query, maxTtlMs + 1)],
      ]);
  });
});
