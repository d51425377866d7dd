/** Writes with an identity (R16): that of their client, or one that the node gives to a client that waits. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { KvError } from '../../../errors.js';
import type { RequestIdentity } from '../../../replication/index.js';
import { changes } from '../../../wire/contract/change-messages.js';
import type { DeleteRequest, PutRequest } from '../../../wire/contract/kv-api.js';
import { key, keyRequests, testCluster } from './test-cluster.fixture.js';
import type { TestRequest } from './test-request.fixture.js';

const { put, remove } = keyRequests;
const increment = { kind: 'increment', key } as const satisfies TestRequest;
const cluster = testCluster();
const elsewhere = { primaryElsewhere: () => 'a:1' };

function identityOf(number: number, more: Partial<RequestIdentity> = {}): RequestIdentity {
  const { history } = cluster.c.state!;
  return { client: 'client-1', number, lowest: 1, history, seq: 0, isFirstAttempt: true, ...more };
}

describe.each(['pipeline', 'unary', 'frames'] as const)('a write by %s with an identity of its client', (api) => {
  test('is executed once, however often it comes, and gets its first answer', async () => {
    const node = cluster.nodeOf('a');
    const again = { isFirstAttempt: false };
    expect(await node.send(api, { ...put, identity: identityOf(1) })).toEqual({ version: 1 });
    expect(await node.send(api, { ...increment, key: Buffer.from('n'), identity: identityOf(2) })).toMatchObject({ value: '1' });
    expect(await node.send(api, { ...remove, identity: identityOf(3) })).toEqual({ existed: true, version: 3 });
    expect(await node.send(api, { ...put, identity: identityOf(1, again) })).toEqual({ version: 1 });
    expect(await node.send(api, { ...remove, identity: identityOf(3, again) })).toEqual({ existed: true, version: 3 });
    const counted = await node.send(api, { ...increment, key: Buffer.from('n'), identity: identityOf(2, again) });
    expect(counted).toMatchObject({ value: '1', version: 2 });
    const ifValue = { ...put, key: Buffer.from('n'), ifValue: Buffer.from('1') };
    expect(await node.send(api, { ...ifValue, identity: identityOf(4) })).toEqual({ version: 4 });
    expect(await node.send(api, { ...ifValue, identity: identityOf(4, again) })).toEqual({ version: 4 });
    expect(cluster.c.status('a').lastSeq).toBe(4);
  });

  test('is refused if its number was used for another one, or if it names no known position', async () => {
    const node = cluster.nodeOf('a');
    await node.send(api, { ...put, identity: identityOf(1) });
    const reused = await node.send(api, { ...put, value: Buffer.from('other'), identity: identityOf(1) });
    expect(reused).toMatchObject({ code: 'REQUEST_REUSED', executed: 'no' });
    const { history } = cluster.c.state!;
    for (const request of [put, increment]) {
      const first = await node.send(api, { ...request, identity: identityOf(2, { history: 'another' }) });
      expect(first).toMatchObject({ code: 'REQUEST_TOO_OLD', executed: 'no', position: { history, seq: 1 } });
      const later = await node.send(api, { ...request, identity: identityOf(2, { seq: 7, isFirstAttempt: false }) });
      expect(later).toMatchObject({ code: 'REQUEST_TOO_OLD', executed: 'unknown', position: { history, seq: 1 } });
    }
  });

  test.each([
    ['a client that is too short', { client: 'short' }],
    ['a client that is too long', { client: 'x'.repeat(65) }],
    ['a client with a space', { client: 'client of it' }],
    ['a number of 0', { number: 0 }],
    ['a lowest number above its own', { lowest: 2 }],
    ['no position', { history: '' }],
  ])('is refused with %s', async (_, wrong) => {
    const node = cluster.nodeOf('a');
    for (const request of [put, remove, increment]) {
      const refused = await node.send(api, { ...request, identity: { ...identityOf(1), ...wrong } });
      expect(refused).toMatchObject({ code: 'INVALID_ARGUMENT', executed: 'no' });
    }
    expect(cluster.c.status('a').lastSeq).toBe(0);
  });

  test('is refused if a part of a transaction has an identity', async () => {
    const node = cluster.nodeOf('a');
    const { client, number, history, seq } = identityOf(1);
    const part = { request: { client, number, lowest: 0, firstAttempt: true }, position: { history, seq } };
    const transaction = { operations: [{ put: { key, value: Buffer.from('v'), ...part } }] };
    expect(await node.send(api, { kind: 'transact', transaction })).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('a write by HTTP with an Idempotency-Key and a Kv-Position', () => {
  const keyed = (request: TestRequest, client: string, more: Partial<RequestIdentity> = {}): TestRequest => ({
    ...request,
    identity: identityOf(1, { client, ...more }),
  });

  test('is executed once, however often it comes, and gets its first answer', async () => {
    const node = cluster.nodeOf('a');
    const counter = { ...increment, key: Buffer.from('n') };
    const requests = [keyed(put, 'key-of-put'), keyed(counter, 'key-of-increment'), keyed(remove, 'key-of-delete')];
    const first = [];
    for (const request of requests) first.push(await node.send('rest', request));
    expect(first).toMatchObject([{ version: 1 }, { value: '1', version: 2 }, { existed: true, version: 3 }]);
    for (const [index, request] of requests.entries()) expect(await node.send('rest', request)).toEqual(first[index]);
    const operations = [{ increment: { key: Buffer.from('n') } }];
    const transaction = keyed({ kind: 'transact', transaction: { operations } }, 'key-of-transact');
    const transacted = await node.send('rest', transaction);
    expect(transacted).toMatchObject({ results: [{ increment: { value: '2', version: 4 } }] });
    expect(await node.send('rest', transaction)).toEqual(transacted);
  });

  test('is refused if the key was used for another one, or if the position is not known', async () => {
    const node = cluster.nodeOf('a');
    await node.send('rest', keyed(put, 'key-of-put'));
    const reused = await node.send('rest', keyed(remove, 'key-of-put'));
    expect(reused).toMatchObject({ code: 'REQUEST_REUSED', executed: 'unknown' });
    const { history } = cluster.c.state!;
    const old = await node.send('rest', keyed(put, 'another-key', { history: 'another' }));
    expect(old).toMatchObject({ code: 'REQUEST_TOO_OLD', executed: 'unknown', position: { history, seq: 1 } });
  });

  test('has no definite refusal, since an earlier attempt may have been executed', async () => {
    const node = cluster.nodeOf('b');
    expect(await node.send('rest', keyed(put, 'key-of-put'))).toMatchObject({ code: 'NO_PRIMARY', executed: 'unknown' });
  });
});

/** The identity in a forwarded request. */
function sentIdentity(request: unknown): unknown {
  const { request: identity, position } = Buffer.isBuffer(request)
    ? changes.increment.request.decode(request)
    : (request as PutRequest | DeleteRequest);
  return { ...identity, ...position };
}

describe.each(['unary', 'rest'] as const)('a write by %s without an identity, whose client waits', (api) => {
  const requests = [put, remove, increment].map((request) => ({ ...request, waits: true }));

  test.each(requests)(
    '$kind is sent again after an unknown outcome, as the same request and not as the first attempt',
    async (request) => {
      const node = cluster.nodeOf('b', elsewhere);
      const primary = cluster.nodeOf('a');
      const sent: unknown[] = [];
      node.forwarder.forward = async (_, { path }, message) => {
        sent.push(sentIdentity(message));
        if (sent.length < 3) throw new KvError(sent.length === 1 ? 'OUTCOME_UNKNOWN' : 'DEADLINE_EXCEEDED', 'lost');
        return primary.answerTo(path, message as Buffer) as never;
      };
      expect(await node.send(api, request)).not.toHaveProperty('code');
      const { history } = cluster.c.state!;
      const identity = { client: expect.stringMatching(/^[\w-]{16}$/), number: 1, history, seq: 0 };
      expect(sent).toMatchObject([
        { ...identity, firstAttempt: true },
        { ...identity, firstAttempt: false },
        { ...identity, firstAttempt: false },
      ]);
    },
  );

  test('is sent again at once with the position that the primary names, which the next request names first', async () => {
    const node = cluster.nodeOf('b', { ...elsewhere, local: () => undefined });
    const position = { history: 'h', seq: 70 };
    const sent: unknown[] = [];
    node.forwarder.forward = async (_, _method, message) => {
      sent.push(sentIdentity(message));
      if (sent.length === 1) throw new KvError('REQUEST_TOO_OLD', 'unknown position', { position });
      return { version: 71, nodeId: 'a', position: { history: 'h', seq: 71 } } as never;
    };
    await node.send(api, { ...put, waits: true });
    await node.send(api, { ...put, waits: true });
    expect(sent).toMatchObject([
      { number: 1, firstAttempt: true },
      { number: 1, firstAttempt: true, ...position },
      { number: 2, lowest: 2, firstAttempt: true, history: 'h', seq: 71 },
    ]);
  });

  test.each(['MEMORY_FULL', 'REQUEST_TOO_OLD'] as const)('has an unknown outcome if that is followed by %s', async (code) => {
    const node = cluster.nodeOf('b', elsewhere);
    const failures = [
      new KvError('OUTCOME_UNKNOWN', 'lost'),
      new KvError(code, 'no', { executed: code === 'MEMORY_FULL' ? 'no' : 'unknown', position: { history: 'h', seq: 1 } }),
    ];
    node.forwarder.forward = async () => {
      throw failures.shift() ?? new Error('a third attempt');
    };
    expect(await node.send(api, { ...put, waits: true })).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
  });

  test('is refused for good by what its own retry has recorded', async () => {
    const node = cluster.nodeOf('b', elsewhere);
    const failures = [new KvError('OUTCOME_UNKNOWN', 'lost'), new KvError('VERSION_MISMATCH', 'no', { currentVersion: 4 })];
    node.forwarder.forward = async () => {
      throw failures.shift() ?? new Error('a third attempt');
    };
    expect(await node.send(api, { ...put, ifVersion: 3, waits: true })).toMatchObject({ executed: 'no', currentVersion: 4 });
  });

  test('at a primary that is deposed is sent to the next one', async () => {
    const { c } = cluster;
    const primary = cluster.nodeOf('b');
    const node = cluster.nodeOf('a', { primaryElsewhere: () => (c.primary === 'b' ? 'b:1' : undefined) });
    node.forwarder.forward = async (_, { path }, message) => primary.answerTo(path, message as Buffer) as never;
    c.hold('a', 'b');
    const answer = node.send(api, { ...increment, waits: true });
    while (c.status('a').lastSeq === 0) await nextTurn();
    c.pause('a');
    c.until(() => c.primary === 'b', 'no failover');
    c.resume('a');
    c.heal();
    c.advance(300);
    node.executor.shardChanged(0);
    expect(await answer).toMatchObject({ value: '1' });
    expect(c.get('b', 'k')).toMatchObject({ value: '1' });
  });
});

describe('a unary call with an identity of its client', () => {
  test('is sent again after an unknown outcome, and keeps the code of a later refusal, which is not definite', async () => {
    const node = cluster.nodeOf('b', elsewhere);
    const sent: unknown[] = [];
    const failures = [new KvError('OUTCOME_UNKNOWN', 'lost'), new KvError('MEMORY_FULL', 'no')];
    node.forwarder.forward = async (_, _method, message) => {
      sent.push(sentIdentity(message));
      throw failures.shift() ?? new Error('a third attempt');
    };
    const answer = await node.send('unary', { ...increment, waits: true, identity: identityOf(5) });
    expect(answer).toMatchObject({ code: 'MEMORY_FULL', executed: 'unknown' });
    expect(sent).toMatchObject([
      { client: 'client-1', number: 5, firstAttempt: true },
      { client: 'client-1', number: 5, firstAttempt: false },
    ]);
  });
});

test('a unary call frees its place as soon as its client gives up, also while it is forwarded', async () => {
  const node = cluster.nodeOf('b', elsewhere);
  let gone: AbortSignal | undefined;
  node.forwarder.forward = async (_address, _method, _request, _deadlineMs, _trace, signal) => {
    gone = signal;
    return new Promise(() => {}) as never;
  };
  const answer = node.send('unary', { ...put, waits: true });
  while (gone === undefined) await nextTurn();
  expect(node.pending.count).toBe(1);
  node.cancel();
  expect([node.pending.count, gone.aborted]).toEqual([0, true]);
  expect(await answer).toMatchObject({ code: 'CANCELLED' });
});
