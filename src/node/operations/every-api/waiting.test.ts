/** Operations whose clients wait until their shard is served, by unary call and HTTP. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { KvError } from '../../../errors.js';
import { localShardOf } from '../../shards/served-shard.fixture.js';
import { expectAnswers, keyRequests, refusal, refusesAll, requests, testCluster } from './test-cluster.fixture.js';
import { maxPendingBytes } from './test-node.fixture.js';

const { get, put } = keyRequests;
const cluster = testCluster();

describe.each(['unary', 'rest'] as const)('an operation by %s whose client waits', (api) => {
  const waiting = { waits: true };

  test('is kept while no primary is known, and executed once this node is the primary', async () => {
    for (const request of requests) {
      let local = localShardOf(cluster.c.node('b'));
      const node = cluster.nodeOf('b', { local: () => local });
      const answer = node.send(api, { ...request, ...waiting });
      while (node.pending.kept === 0) await nextTurn();
      expect(node.counted(api)).toEqual([]);
      local = localShardOf(cluster.c.node('a'));
      node.executor.shardChanged(0);
      expect(await answer).not.toHaveProperty('code');
      expect([node.counted(api), node.pending.kept, node.pending.count]).toEqual([[`${request.kind} OK`], 0, 0]);
    }
  });

  test('is forwarded again after each refusal for now, until the primary serves it', async () => {
    const node = cluster.nodeOf('b', { primaryElsewhere: () => 'a:1' });
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

  test('is tried again after an unknown outcome', async () => {
    const node = cluster.nodeOf('b', { primaryElsewhere: () => 'a:1' });
    let sent = 0;
    node.forwarder.forward = async () => {
      if (sent++ % 2 === 0) throw new KvError('OUTCOME_UNKNOWN', 'lost');
      return { found: true, value: Buffer.from('v'), version: 3, nodeId: 'a' } as never;
    };
    expect(await node.send(api, { ...get, ...waiting })).toEqual({ found: true, value: 'v', version: 3 });
    expect(await node.send(api, { ...put, ...waiting })).toEqual({ version: 3 });
    expect(sent).toBe(4);
  });

  test('is not tried again after an unknown outcome if its client does not wait', async () => {
    const node = cluster.nodeOf('b', { primaryElsewhere: () => 'a:1' });
    const sent: unknown[] = [];
    node.forwarder.forward = async (_address, _method, request) => {
      sent.push(request);
      throw new KvError('OUTCOME_UNKNOWN', 'lost');
    };
    for (const request of [get, put])
      expect(await node.send(api, request)).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
    expect(sent).toMatchObject([{ key: get.key }, { key: put.key }]);
    expect(sent[1]).not.toHaveProperty('request');
  });

  test('is refused at once for good, or if a queue is full', async () => {
    const node = cluster.nodeOf('b', { primaryElsewhere: () => 'a:1' });
    for (const code of ['MEMORY_FULL', 'VERSION_MISMATCH', 'OVERLOADED'] as const) {
      node.forwarder.forward = () => Promise.reject(new KvError(code, 'no'));
      expect(await node.send(api, { ...put, ...waiting })).toMatchObject({ code, executed: 'no' });
    }
    node.executor.refuseAll(new KvError('NO_PRIMARY', 'another cluster'));
    expect(await node.send(api, { ...put, ...waiting })).toMatchObject({ code: 'NO_PRIMARY', message: 'another cluster' });
  });

  test('is refused as it would have been without waiting if too many calls are kept', async () => {
    const node = cluster.nodeOf('b');
    const account = api === 'unary' ? node.pending : node.pendingOfHttp;
    while (account.keep(0));
    const expected = refusal('NO_PRIMARY', 'no primary is known at present; nothing was sent to one');
    await expectAnswers(api, node, [[{ ...put, ...waiting }, expected]]);
  });

  test('is refused when the node stops taking requests', async () => {
    const node = cluster.nodeOf('b');
    const answer = node.send(api, { ...put, ...waiting });
    while (node.pending.kept === 0) await nextTurn();
    node.executor.close();
    expect(await answer).toMatchObject({ code: 'STOPPING', executed: 'no' });
    expect(node.pending.count).toBe(0);
  });
});

describe('a unary call that is kept', () => {
  test('gets the definite refusal before its deadline', async () => {
    const node = cluster.nodeOf('b');
    // The clock of the cluster stands still.
    vi.restoreAllMocks();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    node.deadline = Date.now() + 300;
    const answer = node.send('unary', { ...put, waits: true });
    while (node.pending.kept === 0) await nextTurn();
    await vi.advanceTimersByTimeAsync(300);
    expect(await answer).toMatchObject({
      code: 'NO_PRIMARY',
      executed: 'no',
      message: expect.stringContaining('the node tried for'),
    });
  });

  test('frees its place as soon as its client gives up', async () => {
    const node = cluster.nodeOf('b');
    const answer = node.send('unary', { ...put, waits: true });
    while (node.pending.kept === 0) await nextTurn();
    node.cancel();
    expect([node.pending.kept, node.pending.count]).toEqual([0, 0]);
    expect([await answer, node.counted('unary')]).toMatchObject([{ code: 'CANCELLED', executed: 'no' }, ['put CANCELLED']]);
  });
});

test.each(['unary', 'rest'] as const)('an operation by %s is refused while too many calls wait', async (api) => {
  const node = cluster.nodeOf('a');
  const held = (api === 'unary' ? node.pending : node.pendingOfHttp).begin(maxPendingBytes + 1);
  const limit = api === 'unary' ? maxPendingBytes : maxPendingBytes / 2;
  await refusesAll(api, node, refusal('OVERLOADED', `${limit} bytes are waiting at this node already`));
  held.end();
  await expectAnswers(api, node, [[put, { version: 1 }]]);
});
