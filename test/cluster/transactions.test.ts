/** Transactions and server-side changes over a real cluster, through each way in. */
import { Client, credentials, type ServiceDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import { KvClient, op } from '../../src/index.js';
import { startCluster } from './support/cluster.js';
import { runKvctl } from './support/kvctl.js';

const file = new URL('../../proto/kv/v1/kv.proto', import.meta.url).pathname;
const contract = loadSync(file, { longs: Number, defaults: true, oneofs: true })['kv.v1.KeyValue'] as ServiceDefinition;

let cluster: LocalCluster;
let addresses: string[];

beforeAll(async () => {
  cluster = await startCluster({ nodes: 3, shards: 8, extra: ['--http-port', '0'] });
  addresses = cluster.nodes.map(({ address }) => address);
});

afterAll(async () => {
  await cluster?.kill();
});

const ways = [
  { api: 'pipeline', transport: 'tcp' },
  { api: 'pipeline', transport: 'grpc' },
  { api: 'unary', transport: 'grpc' },
] as const;

describe.each(ways)('KvClient by $api over $transport', ({ api, transport }) => {
  const tag = `{${api}-${transport}}`;
  let client: KvClient;
  beforeAll(async () => {
    client = await KvClient.connect({ nodes: addresses, api, transport });
  });
  afterAll(() => client.close());

  test('changes a key by what is there', async () => {
    const counter = `${tag}:counter`;
    expect(await client.increment(counter, { by: 5, initial: 10 })).toMatchObject({ value: '15', nodeId: expect.any(String) });
    expect(await client.increment(counter, { by: '-0.5' })).toMatchObject({ value: '14.5' });
    const text = `${tag}:text`;
    expect(await client.append(text, 'Hello')).toMatchObject({ valueBytes: 5 });
    expect(await client.append(text, ' world')).toMatchObject({ valueBytes: 11 });
    expect(await client.setRange(text, 6, 'W')).toMatchObject({ valueBytes: 11 });
    const replaced = await client.getAndSet(text, 'new');
    expect(replaced.previous?.value.toString()).toBe('Hello World');
    const removed = await client.getAndDelete(text);
    expect(removed).toMatchObject({ previous: { version: replaced.version } });
    expect(removed.version).toBeGreaterThan(replaced.version);
    expect(await client.getAndDelete(text)).toMatchObject({ previous: undefined, version: 0 });
  });

  test('refuses what cannot be done, and nothing is written', async () => {
    const key = `${tag}:refused`;
    const { version } = await client.put(key, 'text');
    await expect(client.increment(key)).rejects.toMatchObject({ code: 'NOT_A_NUMBER', executed: 'no' });
    await expect(client.append(key, 'more', { maxBytes: 7 })).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE', executed: 'no' });
    await expect(client.put(key, 'x', { ifValue: 'other' })).rejects.toMatchObject({
      code: 'VALUE_MISMATCH',
      executed: 'no',
      currentVersion: version,
    });
    await expect(client.increment(`${tag}:n`, { by: 1, max: 0 })).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
    await expect(client.increment(`${tag}:n`, { by: 'one' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await client.get(key)).toMatchObject({ version });
    await client.put(key, 'x', { ifValue: 'text' });
    expect(await client.delete(key, { ifValue: 'x' })).toMatchObject({ existed: true });
  });

  test('executes one list of a transaction or the other', async () => {
    const [state, total] = [`${tag}:state`, `${tag}:total`];
    const opened = await client.transact({
      if: [{ key: state, exists: false }],
      do: [op.put(state, 'open'), op.increment(total, { by: 3 }), op.increment(total), op.get(total)],
      otherwise: [op.get(state)],
    });
    if (!opened.held) throw new Error('the comparison should have held');
    const [, , sum, read] = opened.results;
    expect([sum.value, read?.value.toString(), read?.version]).toEqual(['4', '4', opened.version]);
    const again = await client.transact({
      if: [{ key: state, exists: false }],
      do: [op.put(state, 'open')],
      otherwise: [op.get(state)],
    });
    if (again.held) throw new Error('the comparison should not have held');
    expect(again).toMatchObject({ version: 0, results: [{ value: Buffer.from('open'), version: opened.version }] });
  });

  test('refuses a transaction as a whole, and names what is wrong', async () => {
    const key = `${tag}:whole`;
    const { version } = await client.put(key, 'v');
    const refused = client.transact({ do: [op.put(`${tag}:other`, 'x'), op.put(key, 'w', { ifVersion: version + 1 })] });
    await expect(refused).rejects.toMatchObject({
      code: 'VERSION_MISMATCH',
      currentVersion: version,
      message: expect.stringContaining('operation 2 of the transaction'),
    });
    expect(await client.get(`${tag}:other`)).toBeUndefined();
    const many = Array.from({ length: 1_025 }, () => op.get(key));
    await expect(client.transact({ do: many })).rejects.toThrow(/1025 .* at most 1024/);
    const apart = Array.from({ length: 100 }, (_, index) => op.put(`k${index}`, ''));
    await expect(client.transact({ do: apart })).rejects.toThrow('the keys belong to the shards 0, 1, 2, 3, 4, 5, 6, 7');
  });

  test('updates a key exactly once for each caller, however many meet', async () => {
    const key = `${tag}:updated`;
    const addOne = () => client.update(key, (found) => String(Number(found?.value.toString() ?? 0) + 1));
    await Promise.all(Array.from({ length: 10 }, addOne));
    await Promise.all(Array.from({ length: 100 }, () => client.increment(key)));
    expect((await client.get(key))?.value.toString()).toBe('110');
    expect(await client.update(key, () => undefined)).toBeUndefined();
    expect(await client.update(key, () => null)).toMatchObject({ existed: true });
  });
});

test('a stock client of gRPC can send a transaction to any node, and its errors to any node', async () => {
  const key = 'stock:{grpc}';
  for (const address of addresses) {
    const client = new Client(address, credentials.createInsecure());
    const call = (name: string, request: object) =>
      new Promise<Record<string, unknown>>((resolve, reject) => {
        const { path, requestSerialize, responseDeserialize } = contract[name]!;
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, response) =>
          error === null ? resolve(response as unknown as Record<string, unknown>) : reject(error),
        );
      });
    const operations = [{ increment: { key, by: '1' } }, { get: { key } }];
    const { held, results } = await call('Transact', { operations });
    const sum = String(addresses.indexOf(address) + 1);
    expect(held).toBe(true);
    expect(results).toMatchObject([{ increment: { value: sum } }, { get: { found: true, value: Buffer.from(sum) } }]);
    const failure: ServiceError = await call('Transact', {
      operations: [
        { put: { key: 'a', value: Buffer.of(1) } },
        { put: { key: 'b' } },
        { put: { key: 'c' } },
        { put: { key: 'd' } },
      ],
    }).then(
      () => Promise.reject(new Error('not refused')),
      (error: ServiceError) => error,
    );
    expect(failure.metadata.getMap()).toMatchObject({ 'kv-code': 'INVALID_ARGUMENT', 'kv-executed': 'no' });
    expect(failure.details).toMatch(/the keys belong to the shards \d/);
    client.close();
  }
});

test('over HTTP any node changes any key, executes transactions, and compares values', async () => {
  const key = encodeURIComponent('over:{http}');
  const ask = async (httpAddress: string | undefined, path: string, init: RequestInit = {}) => {
    const answer = await fetch(`http://${httpAddress}${path}`, { method: 'POST', ...init });
    return [answer.status, (await answer.json()) as Record<string, unknown>] as const;
  };
  for (const [index, { httpAddress }] of cluster.nodes.entries()) {
    const change = (operation: string, body?: string) =>
      ask(httpAddress, `/api/kv/${key}/${operation}`, body === undefined ? {} : { body });
    expect(await change('increment?by=0.5')).toMatchObject([200, { value: String((index + 1) / 2) }]);
    const operations = [{ get: { key: 'over:{http}' } }, { append: { key: 'more:{http}', value: 'x' } }];
    const body = JSON.stringify({ if: [{ key: 'over:{http}', exists: true }], do: operations });
    expect(await ask(httpAddress, '/api/transact', { body })).toMatchObject([
      200,
      { held: true, results: [{ get: { value: String((index + 1) / 2) } }, { append: { valueBytes: index + 1 } }] },
    ]);
    const put = (ifValue: string) =>
      ask(httpAddress, `/api/kv/${encodeURIComponent('more:{http}')}`, {
        method: 'PUT',
        body: 'x'.repeat(index + 1),
        headers: { 'kv-if-value': ifValue },
      });
    expect(await put('y')).toMatchObject([412, { code: 'VALUE_MISMATCH', executed: 'no' }]);
    expect(await put('x'.repeat(index + 1))).toMatchObject([200, { version: expect.any(Number) }]);
  }
  const [{ httpAddress }] = cluster.nodes as [(typeof cluster.nodes)[number]];
  expect(await ask(httpAddress, `/api/kv/${key}/get-and-set`, { body: 'text' })).toMatchObject([
    200,
    { previous: { value: '1.5' } },
  ]);
  expect(await ask(httpAddress, `/api/kv/${key}/increment`)).toMatchObject([409, { code: 'NOT_A_NUMBER', executed: 'no' }]);
});

test('a transaction whose answer or writes would not fit a log entry is refused, and nothing else is', async () => {
  const client = await KvClient.connect({ nodes: addresses });
  const keys = Array.from({ length: 17 }, (_, index) => `{large}:${index}`);
  for (const key of keys) await client.put(key, Buffer.alloc(1024 * 1024));
  const [first] = keys as [string];
  const refused = client.transact({ do: [op.put(first, ''), ...keys.map(op.getAndDelete)] });
  const refusal = {
    code: 'MESSAGE_TOO_LARGE',
    executed: 'no',
    message: expect.stringContaining('operation 16 of the transaction'),
  };
  const [, found] = await Promise.all([expect(refused).rejects.toMatchObject(refusal), client.get(first)]);
  expect(found?.value.length).toBe(1024 * 1024);
  const touched = client.transact({ do: keys.map((key) => op.touch(key, 60_000)) });
  await expect(touched).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE', executed: 'no' });
  expect(await client.transact({ do: keys.slice(4).map((key) => op.touch(key, 60_000)) })).toMatchObject({ held: true });
  await client.close();
});

test('kvctl adds to a number, within bounds', async () => {
  const kvctl = (...words: string[]) => runKvctl(['--nodes', addresses.join(','), '--json', 'increment', 'kvctl:n', ...words]);
  expect(JSON.parse((await kvctl('--initial', '10')).stdout)).toMatchObject({ key: 'kvctl:n', value: '11' });
  expect(JSON.parse((await kvctl('--by=-0.5')).stdout)).toMatchObject({ value: '10.5' });
  const refused = await kvctl('--max', '11');
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('OUT_OF_RANGE')]);
});

test('nothing sees a part of a transaction', async () => {
  const client = await KvClient.connect({ nodes: addresses });
  const [one, other] = ['{pair}:one', '{pair}:other'];
  let over = false;
  const writer = (async () => {
    for (let round = 0; round < 200; round++) await client.transact({ do: [op.increment(one), op.increment(other, { by: -1 })] });
    over = true;
  })();
  while (!over) {
    const { results } = await client.transact({ do: [op.get(one), op.get(other)] });
    const [first, second] = results;
    if (first === undefined && second === undefined) continue;
    expect([Number(first?.value) + Number(second?.value), first?.version]).toEqual([0, second?.version]);
  }
  await writer;
  await client.close();
});
