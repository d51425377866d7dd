import { describe, expect, test } from 'vitest';
import { type ErrorCode, KvError } from '../../src/index.js';
import { cluster, connect, failFirst, failure, useFakeCluster } from './client-testing/harness.js';

useFakeCluster();

describe('operations', () => {
  test('put, get, delete - go to the primary and return versions', async () => {
    const client = await connect();
    const put = await client.put('user:1', 'Alice');
    expect(put.nodeId).toBe('node-1');
    expect(await client.get('user:1')).toEqual({ value: Buffer.from('Alice'), version: put.version, nodeId: 'node-1' });
    expect(await client.delete('user:1', { ifVersion: put.version })).toMatchObject({ existed: true });
    expect(await client.get('user:1')).toBeUndefined();
    expect(await client.delete('user:1')).toEqual({ existed: false, version: 0, nodeId: 'node-1' });
    expect(cluster.arrivals.every((arrival) => arrival.nodeId === 'node-1')).toBe(true);
  });

  test('put - accepts an empty value', async () => {
    const client = await connect();
    await client.put('empty', new Uint8Array());
    expect((await client.get('empty'))?.value).toEqual(Buffer.alloc(0));
  });

  test('put - a condition that does not hold fails with the current version', async () => {
    const client = await connect();
    const { version } = await client.put('key', 'one', { ifAbsent: true });
    const error = await failure(client.put('key', 'two', { ifAbsent: true }));
    expect(error).toMatchObject({ code: 'VERSION_MISMATCH', executed: 'no', currentVersion: version });
    expect(cluster.countOf('Put')).toBe(2);
  });

  test('mget, mput - keep the order, report each write', async () => {
    const client = await connect();
    await client.put('taken', 'x');
    const outcomes = await client.mput([
      { key: 'a', value: '1' },
      { key: 'taken', value: '2', ifAbsent: true },
      { key: 'b', value: '3' },
    ]);
    expect(outcomes.map((outcome) => [outcome.key, outcome.ok])).toEqual([
      ['a', true],
      ['taken', false],
      ['b', true],
    ]);
    expect(outcomes[1]).toMatchObject({ error: { code: 'VERSION_MISMATCH' } });
    const values = await client.mget(['b', 'missing', 'a']);
    expect(values.map((found) => found?.value.toString())).toEqual(['3', undefined, '1']);
  });

  test('mget - one signal for many keys causes no warning', async () => {
    const client = await connect();
    const warnings: Error[] = [];
    const listener = (warning: Error) => warnings.push(warning);
    process.on('warning', listener);
    const keys = Array.from({ length: 200 }, (_, index) => `key-${index}`);
    await client.mget(keys, { signal: new AbortController().signal });
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listener);
    expect(warnings).toEqual([]);
  });

  test('topology, nodeStatus, forcePrimary - query the cluster or one node', async () => {
    const client = await connect();
    expect((await client.topology()).shards[0]?.primaryNodeId).toBe('node-1');
    const second = cluster.nodes[1]!;
    expect(await client.nodeStatus(second.address)).toMatchObject({ nodeId: 'node-2' });
    expect(await client.forcePrimary(second.address, { shard: 0, acceptDataLoss: true })).toMatchObject({ seqFloor: 2 ** 32 });
  });

  test('arguments - invalid ones are refused before anything is sent', async () => {
    const client = await connect();
    const refused: [ErrorCode, () => Promise<unknown>][] = [
      ['INVALID_KEY', () => client.get('')],
      ['INVALID_KEY', () => client.get('x'.repeat(1_025))],
      ['INVALID_KEY', () => client.get('é'.repeat(513))],
      ['INVALID_KEY', () => client.put('\ud800', 'x')],
      ['INVALID_KEY', () => client.mget(['ok', ''])],
      ['INVALID_ARGUMENT', () => client.put('k', 'v', { ifVersion: -1 })],
      ['INVALID_ARGUMENT', () => client.put('k', 'v', { ifVersion: 1.5 })],
      ['INVALID_ARGUMENT', () => client.put('k', 'v', { ifVersion: 2 ** 53 })],
      ['INVALID_ARGUMENT', () => client.put('k', 'v', { ifVersion: 3, ifAbsent: true })],
      ['INVALID_ARGUMENT', () => client.delete('k', { ifVersion: 0 })],
      ['INVALID_ARGUMENT', () => client.put('k', 7 as unknown as string)],
      ['INVALID_ARGUMENT', () => client.get('k', { deadlineMs: 0 })],
      ['INVALID_ARGUMENT', () => client.nodeStatus('nowhere')],
      ['MESSAGE_TOO_LARGE', () => client.put('k', new Uint8Array(16 * 1024 * 1024))],
      [
        'INVALID_ARGUMENT',
        () =>
          client.mput([
            { key: 'k', value: '1' },
            { key: 'k', value: '2' },
          ]),
      ],
    ];
    for (const [code, call] of refused) expect(await failure(call())).toMatchObject({ code, executed: 'no' });
    expect(cluster.arrivals).toEqual([]);
    await client.put('é'.repeat(512), 'fits');
    await client.put('😀', 'a pair is no lone surrogate');
  });
});

describe('retries', () => {
  test('a write - is retried after a definite refusal', async () => {
    const client = await connect();
    failFirst('Put', 3, () => new KvError('TAKEOVER_IN_PROGRESS', 'wait'));
    await client.put('key', 'value');
    expect(cluster.countOf('Put')).toBe(4);
  });

  test('a write - is never sent again after an unknown outcome, if the nodes do not recognise it', async () => {
    cluster.requests.isOn = false;
    cluster.announce();
    const client = await connect();
    failFirst('Put', 1, () => new KvError('OUTCOME_UNKNOWN', 'deposed'));
    expect(await failure(client.put('key', 'value'))).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
    failFirst('Delete', 1, () => Object.assign(new Error('no trailers'), { code: 14 }));
    expect(await failure(client.delete('key'))).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
    expect([cluster.countOf('Put'), cluster.countOf('Delete')]).toEqual([1, 1]);
  });

  test('a read - is retried after refusals and unknown outcomes', async () => {
    const client = await connect();
    const fates = [
      new KvError('LEASE_LAPSED', 'wait'),
      new KvError('OUTCOME_UNKNOWN', 'lost'),
      Object.assign(new Error('no trailers'), { code: 14 }),
    ];
    failFirst('Get', fates.length, () => fates.shift()!);
    expect(await client.get('key')).toBeUndefined();
    expect(cluster.countOf('Get')).toBe(4);
  });

  test('a permanent refusal - is not retried', async () => {
    const client = await connect();
    failFirst('Put', 1, () => new KvError('VALUE_TOO_LARGE', 'too large'));
    expect(await failure(client.put('key', 'value'))).toMatchObject({ code: 'VALUE_TOO_LARGE', executed: 'no' });
    expect(cluster.countOf('Put')).toBe(1);
  });

  test('the deadline - a write that is always refused rejects with the last refusal, as not executed', async () => {
    const client = await connect();
    cluster.judge = () => new KvError('TOO_FEW_IN_SYNC', 'one replica in sync, two are needed');
    const error = await failure(client.put('key', 'value', { deadlineMs: 300 }));
    expect(error).toMatchObject({ code: 'TOO_FEW_IN_SYNC', executed: 'no' });
    expect(error.message).toMatch(/one replica in sync.*gave up after \d+ attempts in \d+ ms/);
    expect(cluster.countOf('Put')).toBeGreaterThan(1);
  });

  test('the deadline - a write without an answer is unknown', async () => {
    const client = await connect();
    // The pipeline is open from here on, so the write leaves at once.
    await client.get('key');
    cluster.judge = () => 'executeAndHang';
    const error = await failure(client.put('key', 'value', { deadlineMs: 100 }));
    expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED', executed: 'unknown' });
  });

  test('a hint - is followed at once', async () => {
    const client = await connect();
    const [first, second] = cluster.nodes;
    cluster.setPrimary(second, true);
    cluster.judge = (method, node) =>
      method === 'Put' && node === first ? new KvError('NOT_PRIMARY', 'not me', { primaryAddress: second!.address }) : 'serve';
    await client.put('key', 'value');
    expect(cluster.arrivals.map((arrival) => arrival.nodeId)).toEqual(['node-1', 'node-2']);
  });

  test('a node that is not primary and names none - the next attempt goes to another node', async () => {
    const client = await connect();
    const [first] = cluster.nodes;
    cluster.judge = (_, node) => (node === first ? new KvError('STOPPING', 'going') : 'serve');
    await client.put('key', 'value');
    expect(cluster.arrivals[1]?.nodeId).not.toBe('node-1');
  });
});
