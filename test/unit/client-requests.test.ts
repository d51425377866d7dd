/** Writes that the client sends again after an unknown outcome (R16). */
import { describe, expect, test } from 'vitest';
import { KvError } from '../../src/index.js';
import type { PutRequest } from '../../src/wire/contract/kv-api.js';
import type { Fate } from './client-testing/fake-cluster.js';
import { cluster, connect, failFirst, failure, useFakeCluster } from './client-testing/harness.js';

useFakeCluster();

const lost = () => new KvError('OUTCOME_UNKNOWN', 'the answer was lost');
const puts = () => cluster.arrivals.filter(({ method }) => method === 'Put').map(({ request }) => request as PutRequest);

/** Executes the first attempt of a put, and answers that its outcome is unknown. */
function loseFirstAnswer(then: () => Fate = () => 'serve'): void {
  let attempts = 0;
  cluster.judge = (method) => {
    if (method !== 'Put') return 'serve';
    attempts += 1;
    if (attempts > 1) return then();
    return 'executeThenLose';
  };
}

const ways = [
  { api: 'pipeline', transport: 'tcp' },
  { api: 'pipeline', transport: 'grpc' },
  { api: 'unary', transport: 'grpc' },
] as const;

describe.each(ways)('by $api over $transport, a write whose answer was lost', (way) => {
  test('is sent again with the same identity, and gets its first answer', async () => {
    const client = await connect(way);
    await client.put('other', 'x');
    loseFirstAnswer();
    const { version } = await client.put('key', 'value');
    expect(cluster.values.get('key')).toEqual({ value: Buffer.from('value'), version });
    const [, first, again] = puts();
    expect(first).toMatchObject({
      request: { client: expect.stringMatching(/^[0-9a-f]{16}$/), number: 2, lowest: 2, firstAttempt: true },
      position: { history: 'fake-history', seq: 1 },
    });
    expect(again).toEqual({ ...first, request: { ...first!.request, firstAttempt: false } });
  });

  test('is the delete of a key', async () => {
    const client = await connect(way);
    const { version } = await client.put('key', 'value');
    failFirst('Delete', 1, () => 'executeThenLose');
    expect(await client.delete('key')).toMatchObject({ existed: true, version: version + 1 });
    expect(cluster.countOf('Delete')).toBe(2);
  });
});

describe('after an unknown outcome', () => {
  test('a refusal is no end, and at the deadline the outcome is unknown, with the last refusal', async () => {
    const client = await connect();
    loseFirstAnswer(() => new KvError('NO_PRIMARY', 'none is known'));
    const error = await failure(client.put('key', 'value', { deadlineMs: 300 }));
    expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown', cause: { code: 'NO_PRIMARY' } });
    expect(error.message).toMatch(/the answer was lost; then NO_PRIMARY: none is known \(gave up after \d+ attempts/);
  });

  test('a refusal that lasts is the end, and does not make it definite', async () => {
    const client = await connect();
    loseFirstAnswer(() => new KvError('MEMORY_FULL', 'no room'));
    expect(await failure(client.put('key', 'value'))).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      executed: 'unknown',
      cause: { code: 'MEMORY_FULL' },
    });
    expect(cluster.countOf('Put')).toBe(2);
  });

  test('a condition that does not hold is a definite answer', async () => {
    const client = await connect();
    failFirst('Put', 1, lost);
    await client.put('key', 'value', { ifVersion: 0 });
    failFirst('Put', 1, lost);
    const error = await failure(client.put('key', 'value', { ifVersion: 0 }));
    expect(error).toMatchObject({ code: 'VERSION_MISMATCH', executed: 'no', currentVersion: 1 });
  });

  test('a request that is too old has an unknown outcome, and the cause is named', async () => {
    const client = await connect();
    loseFirstAnswer(() => {
      cluster.forgetRequests();
      return 'serve';
    });
    expect(await failure(client.put('key', 'value'))).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      executed: 'unknown',
      message: expect.stringContaining('REQUEST_TOO_OLD'),
      cause: { code: 'REQUEST_TOO_OLD' },
    });
    expect(cluster.countOf('Put')).toBe(2);
  });

  test('a client that is closed leaves it unknown', async () => {
    const client = await connect();
    loseFirstAnswer(() => new KvError('NO_PRIMARY', 'none is known'));
    const write = failure(client.put('key', 'value'));
    await cluster.arrived(({ method }) => method === 'Put', 3);
    await client.close();
    expect(await write).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
  });

  test('a caller that gives up leaves it unknown', async () => {
    const client = await connect();
    loseFirstAnswer(() => new KvError('NO_PRIMARY', 'none is known'));
    const givesUp = new AbortController();
    const write = failure(client.put('key', 'value', { signal: givesUp.signal }));
    await cluster.arrived(({ method }) => method === 'Put', 3);
    givesUp.abort();
    expect(await write).toMatchObject({ code: 'CANCELLED', executed: 'unknown' });
  });
});

describe('the identity of a write', () => {
  test('stays that of a first attempt through refusals that are definite', async () => {
    const client = await connect();
    failFirst('Put', 2, () => new KvError('TAKEOVER_IN_PROGRESS', 'wait'));
    await client.put('key', 'value');
    expect(puts().map(({ request }) => request?.firstAttempt)).toEqual([true, true, true]);
    expect(new Set(puts().map(({ request }) => request?.number)).size).toBe(1);
  });

  test('names the lowest number that is in flight', async () => {
    const client = await connect();
    cluster.judge = (_, __, request) => ((request as PutRequest).key === 'slow' ? 'hang' : 'serve');
    const givesUp = new AbortController();
    const slow = failure(client.put('slow', 'x', { signal: givesUp.signal }));
    await cluster.arrived(({ method }) => method === 'Put', 1);
    await client.put('a', 'x');
    await client.put('b', 'x');
    givesUp.abort();
    await slow;
    await client.put('c', 'x');
    expect(puts().map(({ request }) => [request?.number, request?.lowest])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 4],
    ]);
  });

  test('names the newest version that an answer has shown', async () => {
    const client = await connect();
    const { version } = await client.put('key', 'value');
    await client.put('key', 'value');
    expect(puts().at(-1)?.position?.seq).toBe(version);
  });
});

describe('a position that is too old', () => {
  test.each(['is forgotten', 'is of another history', 'was never known'])('%s - the caller does not notice', async (why) => {
    cluster.requests.areReported = why !== 'was never known';
    const client = await connect();
    if (why === 'is forgotten') cluster.forgetRequests();
    if (why === 'is of another history') cluster.requests.history = 'another';
    await client.put('key', 'value');
    const [refused, served] = puts();
    expect(served?.position).toEqual({ history: cluster.requests.history, seq: expect.any(Number) });
    expect(served?.request?.number).not.toBe(refused?.request?.number);
    await client.put('key', 'value');
    expect(cluster.countOf('Put')).toBe(3);
  });

  test('always - the client does not try for ever', async () => {
    const client = await connect();
    const position = { history: 'fake-history', seq: 0 };
    cluster.judge = () => new KvError('REQUEST_TOO_OLD', 'again', { position });
    expect(await failure(client.put('key', 'value'))).toMatchObject({ code: 'REQUEST_TOO_OLD', executed: 'no' });
    expect(cluster.countOf('Put')).toBe(5);
  });
});
