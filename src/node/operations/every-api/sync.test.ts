/** Writes with `sync`, through every API, where disks are flushed at intervals: the answer waits for the flush, the effect does not. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { expectAnswers, key, keyRequests, refusal, testCluster } from './test-cluster.fixture.js';
import { type TestedApi, type TestNode, testedApis } from './test-node.fixture.js';
import type { ChangeRequest, TestRequest } from './test-request.fixture.js';

const { put, remove } = keyRequests;
/** The disks write at once, and flush only when a test says so. */
const cluster = testCluster({ volatile: false, reportsFlushes: true });

const value = Buffer.from('x');
/** Of a transaction. */
const operations = [{ put: { key, value } }];
const sync = true;

function change(kind: ChangeRequest['kind'], options: ChangeRequest['options'] = {}, text?: Buffer): ChangeRequest {
  return { kind, key, options: { ...options, sync }, ...(text && { value: text }) };
}

/** Each write with `sync`, and its answer where the key has a TTL and the value 5. */
const writes: readonly [TestRequest, object][] = [
  [{ ...put, sync }, { version: 2 }],
  // Judged by what is stored: these become transactions.
  [{ ...put, keepTtl: true, sync }, { version: 2 }],
  [
    { ...remove, sync },
    { existed: true, version: 2 },
  ],
  [
    { ...remove, ifValue: Buffer.from('5'), sync },
    { existed: true, version: 2 },
  ],
  [change('increment'), { value: '6', version: 2 }],
  [change('append', {}, value), { valueBytes: 2, version: 2 }],
  [change('setRange', { offset: 0 }, value), { valueBytes: 1, version: 2 }],
  [change('getAndSet', {}, value), { version: 2, previous: { value: '5', version: 1 } }],
  [change('getAndDelete'), { version: 2, previous: { value: '5', version: 1 } }],
  [change('touch', { ttlMs: 9 }), { found: true, version: 2 }],
  [change('persist'), { found: true, hadTtl: true, version: 2 }],
  [
    { kind: 'transact', transaction: { operations, sync } },
    { held: true, version: 2, results: [{ put: { version: 2 } }] },
  ],
];

/** Calls with `sync` that write nothing where the key has version 1, and their answers. */
const idle: readonly [string, TestRequest, object][] = [
  [
    'a refused condition',
    { ...put, ifVersion: 7, sync },
    refusal('VERSION_MISMATCH', 'the key is at version 1', { currentVersion: 1 }),
  ],
  ['a delete of nothing', { ...remove, key: Buffer.from('absent'), sync }, { existed: false, version: 0 }],
  ['a change of nothing', { ...change('getAndDelete'), key: Buffer.from('absent') }, { version: 0 }],
  [
    'a transaction that reads',
    { kind: 'transact', transaction: { operations: [{ get: { key } }], sync } },
    { held: true, version: 0 },
  ],
];

/** The version of the key at the primary. */
const storedVersion = () => cluster.c.node('a').store.items.get('k')?.version;

/** Sends a request, and, once it has taken effect, other writes that are answered. @returns whether the first had its answer before that. */
async function answeredWithoutFlush(api: TestedApi, node: TestNode, request: TestRequest, hasEffect = true) {
  const versionBefore = storedVersion();
  let isAnswered = false;
  const answer = node.send(api, request).finally(() => {
    isAnswered = true;
  });
  while (hasEffect && storedVersion() === versionBefore) await nextTurn();
  const other = cluster.nodeOf('a');
  for (const name of ['1', '2', '3'])
    expect(await other.send('unary', { ...put, key: Buffer.from(name) })).toHaveProperty('version');
  return { answer, isAnswered };
}

describe.each([...testedApis, 'frames'] as const)('sync by %s', (api) => {
  async function nodeWithKey(): Promise<TestNode> {
    const node = cluster.nodeOf('a');
    await node.send(api, { ...put, value: Buffer.from('5'), ttlMs: 60_000 });
    return node;
  }

  test.each(writes.map(([request, expected]) => [request.kind, request, expected] as const))(
    '%s is answered once every replica has flushed it, and delays no other write',
    async (_, request, expected) => {
      const node = await nodeWithKey();
      const { answer, isAnswered } = await answeredWithoutFlush(api, node, request);
      expect(isAnswered).toBe(false);
      cluster.c.flushDisks('a', 'b');
      expect(await answer).toEqual(expected);
    },
  );

  test.each(idle)('%s is answered once every replica has flushed what it was judged by', async (_, request, expected) => {
    const node = await nodeWithKey();
    const { answer, isAnswered } = await answeredWithoutFlush(api, node, request, false);
    expect(isAnswered).toBe(false);
    cluster.c.flushDisks('a', 'b');
    expect(await answer).toMatchObject(expected);
  });

  test('a write that does not ask for it is answered before the flush', async () => {
    const node = await nodeWithKey();
    await expectAnswers(api, node, [
      [{ ...put, sync: false }, { version: 2 }],
      [
        { ...change('touch'), options: { ttlMs: 9, sync: false } },
        { found: true, version: 3 },
      ],
      [
        { kind: 'transact', transaction: { operations } },
        { held: true, version: 4, results: [{ put: { version: 4 } }] },
      ],
    ]);
  });

  test('a request that is sent again may differ in it', async () => {
    const node = await nodeWithKey();
    const identity = {
      client: 'client-1',
      number: 1,
      lowest: 1,
      isFirstAttempt: false,
      ...cluster.c.node('a').replica.position!,
    };
    const { options: _, ...plain } = change('increment');
    const first = { ...plain, identity };
    await expectAnswers(api, node, [[first, { value: '6', version: 2 }]]);
    const { answer, isAnswered } = await answeredWithoutFlush(api, node, { ...first, options: { sync } }, false);
    expect(isAnswered).toBe(false);
    cluster.c.flushDisks('a', 'b');
    expect(await answer).toEqual({ value: '6', version: 2 });
  });

  test('an operation of a transaction has none of its own', async () => {
    const message =
      api === 'rest'
        ? 'do[0].touch has "sync", which is not among its fields: key, ttlMs'
        : 'an operation of a transaction has sync; only the whole transaction may have it';
    await expectAnswers(api, cluster.nodeOf('a'), [
      [
        { kind: 'transact', transaction: { operations: [{ touch: { key, ttlMs: 9, sync } }] } },
        refusal('INVALID_ARGUMENT', message),
      ],
    ]);
  });
});

test.each(['unary', 'rest'] as const)('by %s a forwarded write keeps it', async (api) => {
  const node = cluster.nodeOf('b', { primaryElsewhere: () => 'a:1' });
  const primary = cluster.nodeOf('a');
  const sent: object[] = [];
  node.forwarder.forward = async (_address, { path }, request) => {
    if (Buffer.isBuffer(request)) return (await primary.answerTo(path, request)) as never;
    sent.push(request as object);
    return { version: 1, existed: true, nodeId: 'a' } as never;
  };
  await node.send(api, { ...put, sync });
  await node.send(api, { ...remove, sync });
  expect(sent).toEqual([
    { key, value: put.value, sync },
    { key, sync },
  ]);
  const { answer, isAnswered } = await answeredWithoutFlush(api, node, change('increment'));
  expect(isAnswered).toBe(false);
  cluster.c.flushDisks('a', 'b');
  expect(await answer).toEqual({ value: '1', version: 1 });
});
