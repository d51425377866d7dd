/** The same cases through every API: the same answer, code, text and counters, since all share one path. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { KvError } from '../../errors.js';
import { Scenario } from '../../replication/testing/scenario.fixture.js';
import type { OperationSpan, TraceHeaders, Tracing } from '../../tracing/index.js';
import { clockOf, directoryOf, localShardOf } from '../shards/served-shard.fixture.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import { singleCallWaitMs } from './api-traits.js';
import {
  maxPendingBytes,
  maxValueBytes,
  type TestAnswer,
  type TestedApi,
  TestNode,
  type TestRequest,
  testedApis,
} from './every-api.fixture.js';

const leaseMs = 1_000;
const key = Buffer.from('k');
const traceParent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const notPrimary = 'this node is not the primary of the shard';
const internal = { code: 'INTERNAL', message: 'internal error; the log of the node has the details', executed: 'unknown' };

const get: TestRequest = { kind: 'get', key };
const put: TestRequest = { kind: 'put', key, value: Buffer.from('value') };
const remove: TestRequest = { kind: 'delete', key };
const requests = [get, put, remove];

/** `a` is the primary of two. */
let c: Scenario;
let nodes: TestNode[];

beforeEach(() => {
  c = Scenario.of('a b');
  clockOf(c);
  nodes = [];
});

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  vi.restoreAllMocks();
});

function nodeOf(name: string, changes: Partial<ShardDirectory> = {}, tracing?: Tracing): TestNode {
  const node = new TestNode(c, name, { ...directoryOf(c, name), ...changes }, tracing);
  nodes.push(node);
  return node;
}

function refusal(code: string, message: string, more: object = {}): object {
  return { code, message, executed: 'no', ...more };
}

/** The answers to all requests, each counted once, and only for its API. */
async function expectAnswers(api: TestedApi, node: TestNode, cases: readonly [TestRequest, object][]): Promise<void> {
  const before = node.counted(api);
  const answers: TestAnswer[] = [];
  for (const [request] of cases) answers.push(await node.send(api, request));
  expect(answers).toEqual(cases.map(([, expected]) => expected));
  const texts = cases.map(([{ kind }, expected]) => `${kind} ${'code' in expected ? expected.code : 'OK'}`);
  expect(node.counted(api).toSorted()).toEqual([...before, ...texts].toSorted());
  expect(node.countedElsewhere(api)).toEqual([]);
}

function refusesAll(api: TestedApi, node: TestNode, expected: object): Promise<void> {
  return expectAnswers(
    api,
    node,
    requests.map((request) => [request, expected]),
  );
}

describe.each(testedApis)('an operation by %s', (api) => {
  test('is served by the primary', async () => {
    await expectAnswers(api, nodeOf('a'), [
      [get, { found: false, value: '', version: 0 }],
      [remove, { existed: false, version: 0 }],
      [put, { version: 1 }],
      [get, { found: true, value: 'value', version: 1 }],
      [{ ...put, value: Buffer.alloc(0) }, { version: 2 }],
      [get, { found: true, value: '', version: 2 }],
      [remove, { existed: true, version: 3 }],
      [get, { found: false, value: '', version: 0 }],
    ]);
  });

  test('whose key is invalid is refused', async () => {
    const wrong: [Buffer, string][] = [
      [Buffer.alloc(0), 'the key is empty; a key has 1 to 1,024 bytes'],
      [Buffer.alloc(1_025, 'k'), 'the key has 1025 bytes; at most 1024 are allowed'],
      [Buffer.from([0xc3, 0x28]), 'the key is not valid UTF-8'],
    ];
    const node = nodeOf('a');
    for (const [bytes, message] of wrong) {
      const expected = refusal('INVALID_KEY', message);
      await expectAnswers(
        api,
        node,
        requests.map((request) => [{ ...request, key: bytes }, expected]),
      );
    }
  });

  test('whose value is too large is refused, whether or not this node holds the shard', async () => {
    const tooLarge = { ...put, value: Buffer.alloc(maxValueBytes + 1) };
    const expected = refusal(
      'VALUE_TOO_LARGE',
      `the value has ${maxValueBytes + 1} bytes; this node takes at most ${maxValueBytes}`,
    );
    await expectAnswers(api, nodeOf('a'), [[tooLarge, expected]]);
    await expectAnswers(api, nodeOf('b', { primaryElsewhere: () => 'a:1' }), [[tooLarge, expected]]);
    await expectAnswers(api, nodeOf('b', { local: () => undefined }), [[tooLarge, expected]]);
    await expectAnswers(api, nodeOf('a'), [[{ ...put, value: Buffer.alloc(maxValueBytes) }, { version: 1 }]]);
  });

  test('is executed only if its condition holds', async () => {
    const at = (currentVersion: number) =>
      refusal('VERSION_MISMATCH', `the key is at version ${currentVersion}`, { currentVersion });
    await expectAnswers(api, nodeOf('a'), [
      [{ ...put, ifVersion: 7 }, at(0)],
      [{ ...put, ifVersion: 0 }, { version: 1 }],
      [{ ...put, ifVersion: 0 }, at(1)],
      [{ ...put, ifVersion: 1 }, { version: 2 }],
      [{ ...remove, ifVersion: 1 }, at(2)],
      [{ ...remove, ifVersion: 0 }, refusal('INVALID_ARGUMENT', 'if_version 0 means "only if absent", which no deletion can be')],
      [
        { ...remove, ifVersion: 2 },
        { existed: true, version: 3 },
      ],
    ]);
  });

  test('is refused while no primary is known, by a node with and without a copy', async () => {
    const expected = refusal('NO_PRIMARY', 'no primary is known at present; nothing was sent to one');
    await refusesAll(api, nodeOf('b'), expected);
    await refusesAll(api, nodeOf('b', { local: () => undefined }), expected);
  });

  test('is refused while its shard is offline', async () => {
    const message =
      'the shard is offline: no in-sync replica of it is live, or ZooKeeper has lost its state; "kvctl status" shows which';
    await refusesAll(api, nodeOf('b', { isOffline: () => true }), refusal('SHARD_OFFLINE', message));
  });

  test('is refused by a primary whose lease has lapsed, if it reads', async () => {
    const node = nodeOf('a');
    await node.send(api, put);
    c.elapse(leaseMs + 1);
    const message = 'a backup has not answered for a lease; the primary may have been replaced';
    await expectAnswers(api, node, [[get, refusal('LEASE_LAPSED', message)]]);
  });

  test('is refused by the primary where the memory is full, if it writes', async () => {
    const local = localShardOf(c.node('a'));
    local.write = (_, operation) => operation.failed(new KvError('MEMORY_FULL', 'no room'));
    await expectAnswers(api, nodeOf('a', { local: () => local }), [
      [put, refusal('MEMORY_FULL', 'no room')],
      [get, { found: false, value: '', version: 0 }],
    ]);
  });

  test('is refused by a node that has stopped, or that refuses everything', async () => {
    const node = nodeOf('a');
    node.executor.refuseAll(new KvError('NO_PRIMARY', 'another cluster'));
    await refusesAll(api, node, refusal('NO_PRIMARY', 'another cluster'));
    node.executor.refuseAll(undefined);
    await expectAnswers(api, node, [[put, { version: 1 }]]);
    node.executor.close();
    node.executor.refuseAll(undefined);
    await refusesAll(api, node, refusal('STOPPING', 'this node has stopped taking requests'));
  });

  test('that fails unexpectedly is a fault of the node: the answer gives no details, and the log has one line', async () => {
    const local = localShardOf(c.node('a'));
    local.stored = () => {
      throw new Error('a secret');
    };
    const node = nodeOf('a', { local: () => local });
    await expectAnswers(api, node, [[get, internal]]);
    local.stored = () => Promise.reject(new Error('a secret'));
    await expectAnswers(api, node, [[get, internal]]);
    local.write = () => {
      throw new Error('a secret');
    };
    await expectAnswers(api, node, [[put, internal]]);
    expect(node.logged).toEqual(Array(3).fill('an operation failed unexpectedly'));
    expect([node.pendingOnPipelines, node.pending.count]).toEqual([0, 0]);
  });

  test('has a span that ends with its outcome', async () => {
    const spans: string[] = [];
    const tracing = {
      startOfNode: (kind: string, headers: TraceHeaders | undefined): Partial<OperationSpan> => ({
        succeeded: () => spans.push(`${kind} of ${headers?.parent}: OK`),
        failed: (code) => spans.push(`${kind} of ${headers?.parent}: ${code}`),
      }),
    } as unknown as Tracing;
    const node = nodeOf('a', {}, tracing);
    for (const request of requests) await node.send(api, { ...request, traceParent });
    await node.send(api, { ...get, key: Buffer.alloc(0), traceParent });
    await node.send(api, { ...put, value: Buffer.alloc(maxValueBytes + 1), traceParent });
    const outcomes = ['get OK', 'put OK', 'delete OK', 'get INVALID_KEY', 'put VALUE_TOO_LARGE'];
    expect(spans).toEqual(outcomes.map((text) => text.replace(' ', ` of ${traceParent}: `)));
  });
});

describe('an operation at a node that is not primary, while the primary is known', () => {
  const elsewhere = { primaryElsewhere: () => 'a:1' };

  test('by pipeline is refused, and names the primary', async () => {
    const named = { primaryAddress: 'a:1' };
    await refusesAll('pipeline', nodeOf('b', elsewhere), refusal('NOT_PRIMARY', notPrimary, named));
    const noCopy = nodeOf('b', { ...elsewhere, local: () => undefined });
    await refusesAll('pipeline', noCopy, refusal('NOT_PRIMARY', 'this node holds no copy of shard 0', named));
  });

  test('by pipeline names the primary that the node knows by then', async () => {
    let primary = 'a:1';
    const node = nodeOf('b', { primaryElsewhere: () => primary });
    await expectAnswers('pipeline', node, [[get, refusal('NOT_PRIMARY', notPrimary, { primaryAddress: 'a:1' })]]);
    primary = 'c:1';
    await nextTurn();
    await expectAnswers('pipeline', node, [[get, refusal('NOT_PRIMARY', notPrimary, { primaryAddress: 'c:1' })]]);
  });

  test.each(['unary', 'rest'] as const)('by %s is forwarded as it came, and counted with its outcome', async (api) => {
    const node = nodeOf('b', elsewhere);
    const sent: unknown[] = [];
    const answers = [
      { found: true, value: Buffer.from('value'), version: 3, nodeId: 'a' },
      { version: 4, nodeId: 'a' },
      { existed: true, version: 5, nodeId: 'a' },
    ];
    node.forwarder.forward = async (address, { path }, request) => {
      sent.push([address, path, request]);
      return answers[sent.length - 1] as never;
    };
    await expectAnswers(api, node, [
      [get, { found: true, value: 'value', version: 3 }],
      [{ ...put, ifVersion: 3 }, { version: 4 }],
      [
        { ...remove, ifVersion: 4 },
        { existed: true, version: 5 },
      ],
    ]);
    expect(sent).toEqual([
      ['a:1', '/kv.v1.KeyValue/Get', { key }],
      ['a:1', '/kv.v1.KeyValue/Put', { key, value: put.value, ifVersion: 3 }],
      ['a:1', '/kv.v1.KeyValue/Delete', { key, ifVersion: 4 }],
    ]);
  });

  test.each(['unary', 'rest'] as const)('by %s gets the refusal of the other node, and is forwarded only once', async (api) => {
    const node = nodeOf('b', elsewhere);
    let sent = 0;
    node.forwarder.forward = async () => {
      sent++;
      throw sent === 1 ? new KvError('MEMORY_FULL', 'no room') : new KvError('NOT_PRIMARY', notPrimary);
    };
    await expectAnswers(api, node, [
      [put, refusal('MEMORY_FULL', 'no room', { primaryAddress: 'a:1' })],
      [put, refusal('NOT_PRIMARY', notPrimary)],
    ]);
    expect(sent).toBe(2);
  });
});

describe.each(['unary', 'rest'] as const)('an operation by %s whose client waits', (api) => {
  const waiting = { waits: true };

  test('is kept while no primary is known, and executed once this node is the primary', async () => {
    for (const request of requests) {
      let local = localShardOf(c.node('b'));
      const node = nodeOf('b', { local: () => local });
      const answer = node.send(api, { ...request, ...waiting });
      while (node.pending.kept === 0) await nextTurn();
      expect(node.counted(api)).toEqual([]);
      local = localShardOf(c.node('a'));
      node.executor.shardChanged(0);
      expect(await answer).not.toHaveProperty('code');
      expect([node.counted(api), node.pending.kept, node.pending.count]).toEqual([[`${request.kind} OK`], 0, 0]);
    }
  });

  test('is forwarded again after each refusal for now, until the primary serves it', async () => {
    const node = nodeOf('b', { primaryElsewhere: () => 'a:1' });
    const refusals = ['NOT_PRIMARY', 'TAKEOVER_IN_PROGRESS', 'HANDOVER_IN_PROGRESS', 'NO_PRIMARY', 'STOPPING'] as const;
    let sent = 0;
    node.forwarder.forward = async () => {
      const code = refusals[sent++];
      if (code !== undefined) throw new KvError(code, 'not now');
      return { version: 4, nodeId: 'a' } as never;
    };
    expect(await node.send(api, { ...put, ...waiting })).toEqual({ version: 4 });
    expect([sent, node.counted(api)]).toEqual([refusals.length + 1, ['put OK']]);
  });

  test('is not tried again after an unknown outcome, unless it is a get', async () => {
    const node = nodeOf('b', { primaryElsewhere: () => 'a:1' });
    let sent = 0;
    node.forwarder.forward = async () => {
      if (sent++ % 2 === 0) throw new KvError('OUTCOME_UNKNOWN', 'lost');
      return { found: true, value: Buffer.from('v'), version: 3, nodeId: 'a' } as never;
    };
    expect(await node.send(api, { ...get, ...waiting })).toEqual({ found: true, value: 'v', version: 3 });
    expect(await node.send(api, { ...put, ...waiting })).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
    expect(sent).toBe(3);
  });

  test('is refused at once for good, or if a queue is full', async () => {
    const node = nodeOf('b', { primaryElsewhere: () => 'a:1' });
    for (const code of ['MEMORY_FULL', 'VERSION_MISMATCH', 'OVERLOADED'] as const) {
      node.forwarder.forward = () => Promise.reject(new KvError(code, 'no'));
      expect(await node.send(api, { ...put, ...waiting })).toMatchObject({ code, executed: 'no' });
    }
    node.executor.refuseAll(new KvError('NO_PRIMARY', 'another cluster'));
    expect(await node.send(api, { ...put, ...waiting })).toMatchObject({ code: 'NO_PRIMARY', message: 'another cluster' });
  });

  test('is refused as it would have been without waiting if too many calls are kept', async () => {
    const node = nodeOf('b');
    const account = api === 'unary' ? node.pending : node.pendingOfHttp;
    while (account.keep(0));
    const expected = refusal('NO_PRIMARY', 'no primary is known at present; nothing was sent to one');
    await expectAnswers(api, node, [[{ ...put, ...waiting }, expected]]);
  });

  test('is refused when the node stops taking requests', async () => {
    const node = nodeOf('b');
    const answer = node.send(api, { ...put, ...waiting });
    while (node.pending.kept === 0) await nextTurn();
    node.executor.close();
    expect(await answer).toMatchObject({ code: 'STOPPING', executed: 'no' });
    expect(node.pending.count).toBe(0);
  });
});

describe('a unary call that is kept', () => {
  test('gets the definite refusal before its deadline', async () => {
    const node = nodeOf('b');
    // The clock of the cluster stands still.
    vi.restoreAllMocks();
    node.deadline = Date.now() + 300;
    const answer = await node.send('unary', { ...put, waits: true });
    expect(answer).toMatchObject({ code: 'NO_PRIMARY', executed: 'no', message: expect.stringContaining('the node tried for') });
  });

  test('frees its place as soon as its client gives up', async () => {
    const node = nodeOf('b');
    const answer = node.send('unary', { ...put, waits: true });
    while (node.pending.kept === 0) await nextTurn();
    node.cancel();
    expect([node.pending.kept, node.pending.count]).toEqual([0, 0]);
    expect([await answer, node.counted('unary')]).toMatchObject([{ code: 'CANCELLED', executed: 'no' }, ['put CANCELLED']]);
  });
});

test.each(['unary', 'rest'] as const)('an operation by %s is refused while too many calls wait', async (api) => {
  const node = nodeOf('a');
  const held = (api === 'unary' ? node.pending : node.pendingOfHttp).begin(maxPendingBytes + 1);
  const limit = api === 'unary' ? maxPendingBytes : maxPendingBytes / 2;
  await refusesAll(api, node, refusal('OVERLOADED', `${limit} bytes are waiting at this node already`));
  held.end();
  await expectAnswers(api, node, [[put, { version: 1 }]]);
});

test('a write by unary call that was committed leaves no timer behind', async () => {
  const node = nodeOf('a');
  const [setting, clearing] = [vi.spyOn(globalThis, 'setTimeout'), vi.spyOn(globalThis, 'clearTimeout')];
  await node.send('unary', put);
  // Other timers may belong to other tests that share the process.
  const waits = setting.mock.results.filter((_, call) => setting.mock.calls[call]?.[1] === singleCallWaitMs);
  expect(waits).toHaveLength(1);
  expect(clearing.mock.calls.map(([timer]) => timer)).toContain(waits[0]?.value);
  vi.restoreAllMocks();
});

describe('a write that is not committed', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    c.hold('a', 'b');
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function appended(): Promise<void> {
    while (c.node('a').replica.uncommittedVersion('k') === undefined) await nextTurn();
  }

  test.each(['unary', 'rest'] as const)('by %s has an unknown outcome after ten seconds, and keeps it', async (api) => {
    const node = nodeOf('a');
    const late = node.send(api, put);
    const message = 'the write was not committed within 10000 ms';
    await appended();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await late).toEqual({ code: 'OUTCOME_UNKNOWN', message, executed: 'unknown' });
    c.heal();
    c.deliverAll();
    expect(node.counted(api)).toEqual(['put OUTCOME_UNKNOWN']);
    expect(c.get('a', 'k')).toMatchObject({ value: 'value' });
  });

  test('by unary call and refused after that is neither answered again nor forwarded', async () => {
    const local = localShardOf(c.node('a'));
    const waiting: Parameters<typeof local.write>[1][] = [];
    local.write = (_, operation) => waiting.push(operation);
    const node = nodeOf('a', { local: () => local, primaryElsewhere: () => 'b:1' });
    const forward = vi.spyOn(node.forwarder, 'forward');
    const late = node.send('unary', put);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await late).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    waiting[0]!.failed(new KvError('NOT_PRIMARY', notPrimary));
    waiting[0]!.failed(new KvError('OVERLOADED', 'too much'));
    waiting[0]!.succeeded(7);
    await nextTurn();
    expect([node.counted('unary'), node.pending.count]).toEqual([['put OUTCOME_UNKNOWN'], 0]);
    expect(forward).not.toHaveBeenCalled();
  });

  test('by pipeline waits until it is', async () => {
    const node = nodeOf('a');
    const waiting = node.send('pipeline', put);
    await appended();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(node.counted('pipeline')).toEqual([]);
    c.heal();
    expect(await waiting).toEqual({ version: 1 });
  });
});
