import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KvError } from '../../errors.js';
import { createServer } from '../server/server.js';
import { keyRoutes } from './key-routes.js';
import { FakeKeyValues } from './key-values.fixture.js';

let store: FakeKeyValues;
let app: FastifyInstance;

beforeEach(() => {
  store = new FakeKeyValues();
  app = createServer({ routes: [keyRoutes(store)], logger: pino({ level: 'silent' }), isClosing: () => false });
});
afterEach(() => app.close());

type Method = 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE' | 'PATCH';

function ask(method: Method, url: string, headers: Record<string, string> = {}, payload?: Buffer | string) {
  return app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
}

describe('Kv-Sync', () => {
  it('reaches the node with a put, a post and a delete', async () => {
    const asked: (boolean | undefined)[] = [];
    const put = store.put.bind(store);
    const remove = store.delete.bind(store);
    store.put = (request) => {
      asked.push(request.sync);
      return put(request);
    };
    store.delete = (request) => {
      asked.push(request.sync);
      return remove(request);
    };
    for (const method of ['PUT', 'POST', 'DELETE'] as const)
      for (const sync of ['true', 'false'])
        expect((await ask(method, '/api/kv/k', { 'kv-sync': sync }, method === 'DELETE' ? undefined : 'v')).statusCode).toBe(200);
    expect(asked).toEqual([true, undefined, true, undefined, true, undefined]);
  });

  it('is refused if it is neither true nor false, and where it would be ignored', async () => {
    for (const [method, url, sync, detail] of [
      ['PUT', '/api/kv/k', 'yes', 'Kv-Sync must be true or false'],
      ['DELETE', '/api/kv/k', '', 'Kv-Sync must be true or false'],
      ['POST', '/api/kv/k/persist', 'true', 'kv-sync has no meaning here; the options of an operation are in its query'],
      ['POST', '/api/transact', 'true', 'kv-sync has no meaning here; sync is a field of the body'],
    ] as const) {
      const answer = await ask(method, url, { 'kv-sync': sync }, method === 'PUT' ? 'v' : undefined);
      expect(answer.json()).toMatchObject({ status: 400, code: 'INVALID_ARGUMENT', executed: 'no', detail });
    }
    expect(store.values.size).toBe(0);
  });
});

describe('a TTL', () => {
  const put = (headers: Record<string, string>, key = 'k') => ask('PUT', `/api/kv/${key}`, headers, 'v');
  const left = async (method: Method = 'GET', headers = {}) =>
    (await ask(method, '/api/kv/k', headers)).headers['kv-expires-in-ms'];

  it('is given and kept by headers of a write, shown by GET and HEAD, and taken away by a write without', async () => {
    const { etag } = (await put({ 'kv-ttl-ms': '60000' })).headers;
    expect([await left(), await left('HEAD'), await left('GET', { 'if-none-match': etag })]).toEqual(['60000', '60000', '60000']);
    await put({ 'kv-keep-ttl': 'true' });
    expect(await left()).toBe('60000');
    await put({ 'kv-keep-ttl': 'false' });
    expect(await left()).toBeUndefined();
  });

  it.each([
    [{ 'kv-ttl-ms': '' }, 'Kv-Ttl-Ms must be a whole number'],
    [{ 'kv-ttl-ms': '10s' }, 'Kv-Ttl-Ms must be a whole number'],
    [{ 'kv-ttl-ms': '0' }, 'Kv-Ttl-Ms must be a whole number from 1'],
    [{ 'kv-ttl-ms': '3153600000001' }, 'Kv-Ttl-Ms must be a whole number from 1'],
    [{ 'kv-keep-ttl': 'yes' }, 'Kv-Keep-Ttl must be true or false'],
    [{ 'kv-keep-ttl': 'true', 'kv-ttl-ms': '1' }, 'Kv-Ttl-Ms and Kv-Keep-Ttl exclude each other'],
  ])('%j is refused: %s', async (headers, detail) => {
    const answer = await put(headers as Record<string, string>);
    expect(answer.json()).toMatchObject({ status: 400, code: 'INVALID_ARGUMENT', executed: 'no' });
    expect([answer.json().detail, store.values.size]).toEqual([expect.stringContaining(detail), 0]);
  });

  it('is refused where it would be ignored', async () => {
    await put({});
    for (const [method, url] of [
      ['DELETE', '/api/kv/k'],
      ['POST', '/api/kv/k/increment'],
    ] as const) {
      const answer = await ask(method, url, { 'kv-ttl-ms': '5' });
      expect(answer.json()).toMatchObject({ status: 400, detail: expect.stringContaining('kv-ttl-ms has no meaning here') });
    }
    expect(store.values.get('k')?.value.toString()).toBe('v');
  });
});

describe('a value', () => {
  it('is written by PUT and by POST, read by GET and HEAD, and deleted', async () => {
    for (const method of ['PUT', 'POST'] as const) {
      const value = Buffer.from([0, 255, 10, 128]);
      const put = await ask(method, '/api/kv/user:1', { 'content-type': 'image/png' }, value);
      expect(put.statusCode).toBe(200);
      const { version } = put.json<{ version: number }>();
      expect(put.json()).toEqual({ version, node: 'node-a', replicas: ['node-a', 'node-b'] });
      expect(put.headers.etag).toBe(`"${version}"`);
      const got = await ask('GET', '/api/kv/user:1');
      expect([got.statusCode, got.rawPayload, got.headers.etag]).toEqual([200, value, `"${version}"`]);
      expect(got.headers).toMatchObject({ 'content-type': 'application/octet-stream', 'x-content-type-options': 'nosniff' });
      const head = await ask('HEAD', '/api/kv/user:1');
      expect([head.statusCode, head.body, head.headers.etag]).toEqual([200, '', `"${version}"`]);
      const removed = await ask('DELETE', '/api/kv/user:1');
      expect(removed.json()).toEqual({ existed: true, version: version + 1, node: 'node-a' });
      expect((await ask('GET', '/api/kv/user:1')).statusCode).toBe(404);
    }
  });

  it('lists the in-sync set as replicas, or only the primary if that was replaced or the set is not known', async () => {
    for (const inSync of [['node-b', 'node-c'], [], new KvError('NO_PRIMARY', 'none is known')]) {
      store.inSync = inSync;
      expect((await ask('PUT', '/api/kv/k', {}, 'v')).json()).toMatchObject({ node: 'node-a', replicas: ['node-a'] });
    }
  });

  it('may be empty with Content-Length 0, and then exists', async () => {
    expect((await ask('PUT', '/api/kv/empty', { 'content-length': '0' })).statusCode).toBe(200);
    const got = await ask('GET', '/api/kv/empty');
    expect([got.statusCode, got.body]).toEqual([200, '']);
  });

  it.each(['PUT', 'POST'] as const)(
    'is required by %s: without a body it is refused with 411, and nothing is written',
    async (method) => {
      const put = await ask(method, '/api/kv/none');
      expect(put.json()).toMatchObject({ status: 411, code: 'BAD_REQUEST', executed: 'no' });
      expect(put.json().detail).toContain('Content-Length: 0');
      expect([store.values.size, store.refusals]).toEqual([0, ['put INVALID_ARGUMENT']]);
    },
  );

  it('that is missing - a read is 404, a delete is not an error', async () => {
    const got = await ask('GET', '/api/kv/none');
    expect(got.headers['content-type']).toBe('application/problem+json');
    expect(got.json()).toMatchObject({ status: 404, code: 'KEY_NOT_FOUND', executed: 'no' });
    expect((await ask('DELETE', '/api/kv/none')).json()).toEqual({ existed: false, version: 0, node: 'node-a' });
  });

  it('beyond the limit is refused, and nothing is written', async () => {
    const put = await ask('PUT', '/api/kv/large', {}, Buffer.alloc(1_001));
    expect(put.json()).toMatchObject({ status: 413, code: 'VALUE_TOO_LARGE', executed: 'no' });
    expect(store.values.size).toBe(0);
    expect((await ask('PUT', '/api/kv/large', {}, Buffer.alloc(1_000))).statusCode).toBe(200);
  });

  it('counts against the memory while it waits, in requests and answers', async () => {
    await ask('PUT', '/api/kv/k', {}, Buffer.alloc(800));
    expect([store.pending, store.heldBytes]).toEqual([0, 0]);
    store.maxHeldBytes = 799;
    const put = await ask('PUT', '/api/kv/k', {}, Buffer.alloc(800));
    expect([put.statusCode, put.json().code, put.headers['retry-after']]).toEqual([503, 'OVERLOADED', '1']);
    expect((await ask('GET', '/api/kv/k')).json()).toMatchObject({ code: 'OVERLOADED' });
    expect([store.pending, store.heldBytes]).toEqual([0, 0]);
  });
});

it('a request that is refused before it becomes an operation is counted once, with its code', async () => {
  await ask('GET', '/api/kv/%zz');
  await ask('PUT', '/api/kv/k', { 'if-match': 'x' }, 'v');
  await ask('PUT', '/api/kv/k', {}, Buffer.alloc(1_001));
  await ask('DELETE', '/api/kv/a/b');
  store.maxHeldBytes = 0;
  await ask('POST', '/api/kv/k', {}, 'v');
  const expected = ['get INVALID_KEY', 'put INVALID_ARGUMENT', 'put VALUE_TOO_LARGE', 'delete INVALID_KEY', 'put OVERLOADED'];
  expect(store.refusals).toEqual(expected);
  store.failure = new KvError('MEMORY_FULL', 'x');
  expect((await ask('PUT', '/api/kv/k', { 'content-length': '0' })).statusCode).toBe(507);
  expect((await ask('GET', '/api/kv/k')).statusCode).toBe(404);
  expect(store.refusals).toEqual(expected);
});

describe('a condition', () => {
  it('If-None-Match: * writes only once, with 201', async () => {
    expect((await ask('PUT', '/api/kv/k', { 'if-none-match': '*' }, 'a')).statusCode).toBe(201);
    const again = await ask('PUT', '/api/kv/k', { 'if-none-match': '*' }, 'b');
    expect(again.json()).toMatchObject({ status: 412, code: 'VERSION_MISMATCH', executed: 'no', currentVersion: 1 });
  });

  it('If-Match writes and deletes at that version only', async () => {
    const first = (await ask('PUT', '/api/kv/k', {}, 'a')).headers.etag as string;
    const second = (await ask('PUT', '/api/kv/k', { 'if-match': first }, 'b')).headers.etag as string;
    expect((await ask('PUT', '/api/kv/k', { 'if-match': first }, 'c')).statusCode).toBe(412);
    expect((await ask('DELETE', '/api/kv/k', { 'if-match': first })).statusCode).toBe(412);
    expect((await ask('DELETE', '/api/kv/k', { 'if-match': second })).json()).toMatchObject({ existed: true });
  });

  it.each([
    ['If-Match', '*'],
    ['If-Match', '"0"'],
    ['If-Match', '"abc"'],
    ['If-Match', '1'],
    ['If-Match', 'W/"1"'],
    ['If-Match', '"1", "2"'],
    ['If-Match', '"99999999999999999999"'],
    ['If-None-Match', '"1"'],
  ])('%s: %s with a write is refused, since it can never hold', async (name, value) => {
    const put = await ask('PUT', '/api/kv/k', { [name]: value }, 'a');
    expect(put.json()).toMatchObject({ status: 400, code: 'INVALID_ARGUMENT', executed: 'no' });
    expect(store.values.size).toBe(0);
  });

  it('of a read - 304 if the client has the version, 412 if If-Match does not hold', async () => {
    const etag = (await ask('PUT', '/api/kv/k', {}, 'a')).headers.etag as string;
    for (const known of [etag, `W/${etag}`, `"7", ${etag}`, '*']) {
      const got = await ask('GET', '/api/kv/k', { 'if-none-match': known });
      expect([got.statusCode, got.body, got.headers.etag]).toEqual([304, '', etag]);
    }
    expect((await ask('GET', '/api/kv/k', { 'if-none-match': '"7"' })).statusCode).toBe(200);
    expect((await ask('GET', '/api/kv/k', { 'if-match': etag })).statusCode).toBe(200);
    expect((await ask('GET', '/api/kv/k', { 'if-match': '"7"' })).statusCode).toBe(412);
    expect((await ask('GET', '/api/kv/none', { 'if-none-match': '*' })).statusCode).toBe(404);
  });
});

describe('an error', () => {
  it.each([
    [new KvError('NO_PRIMARY', 'x'), 503, 'no', '1'],
    [new KvError('SHARD_OFFLINE', 'x', { primaryAddress: '127.0.0.1:9090' }), 503, 'no', '1'],
    [new KvError('MEMORY_FULL', 'x'), 507, 'no', undefined],
    [new KvError('OUTCOME_UNKNOWN', 'x'), 500, 'unknown', undefined],
    [new KvError('DEADLINE_EXCEEDED', 'x'), 504, 'unknown', undefined],
  ])('%s - has its status, the field executed, and Retry-After', async (failure, status, executed, retryAfter) => {
    store.failure = failure;
    const answer = await ask('PUT', '/api/kv/k', {}, 'a');
    const { code, primaryAddress } = failure;
    expect(answer.json()).toEqual({
      type: `urn:kvnode:error:${code}`,
      title: expect.any(String),
      status,
      detail: 'x',
      code,
      executed,
      ...(primaryAddress === undefined ? {} : { primaryAddress }),
    });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([status, retryAfter]);
  });

  it('that is unexpected does not reveal its text', async () => {
    store.failure = new Error('secret');
    const answer = await ask('GET', '/api/kv/k');
    expect(answer.json()).toMatchObject({ status: 500, code: 'INTERNAL', executed: 'unknown' });
    expect(answer.body).not.toContain('secret');
  });

  it('a write by a page of another site is refused', async () => {
    const foreign: Record<string, string>[] = [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }];
    for (const headers of foreign) {
      const put = await ask('POST', '/api/kv/k', { ...headers, 'content-type': 'text/plain' }, 'a');
      expect(put.json()).toMatchObject({ status: 403, code: 'CROSS_ORIGIN', executed: 'no' });
    }
    expect(store.values.size).toBe(0);
    expect((await ask('PUT', '/api/kv/k', { host: 'kv.example', origin: 'https://kv.example' }, 'a')).statusCode).toBe(200);
  });

  it('a method that the path does not have is refused with the allowed ones', async () => {
    const patch = await ask('PATCH', '/api/kv/k', {}, 'a');
    expect(patch.json()).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED', executed: 'no' });
    expect(patch.headers.allow).toBe('DELETE, GET, HEAD, POST, PUT');
    for (const url of ['/', '/api', '/api/kv', '/api/kvx', '/api/nothing%20here', '/%ff', '/API/KV/k'])
      expect((await ask('GET', url)).headers['content-type']).toBe('application/problem+json');
  });
});
