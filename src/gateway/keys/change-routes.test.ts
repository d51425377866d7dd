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

function change(path: string, payload?: Buffer | string, headers: Record<string, string> = {}) {
  return app.inject({ method: 'POST', url: `/api/kv/${path}`, headers, ...(payload !== undefined && { payload }) });
}

function store1(key: string, value: string | Buffer): void {
  store.values.set(key, { value: Buffer.from(value), version: 7 });
}

const stored = (key: string) => store.values.get(key)?.value.toString();

describe('a change of a key', () => {
  it('increment adds what the query names, and answers with the sum', async () => {
    const sum = await change('n/increment');
    expect([sum.statusCode, sum.json(), sum.headers.etag]).toEqual([200, { value: '1', version: 1, node: 'node-a' }, '"1"']);
    expect(sum.headers['kv-node']).toBe('node-a');
    expect((await change('n/increment?by=-2.5&min=-9')).json()).toMatchObject({ value: '-1.5' });
    expect((await change('m/increment?initial=10&max=11')).json()).toMatchObject({ value: '11' });
    expect((await change('m/increment?max=11')).json()).toMatchObject({ status: 409, code: 'OUT_OF_RANGE', executed: 'no' });
    expect(stored('m')).toBe('11');
  });

  it('append and set-range take the body as it is, and answer with the length', async () => {
    const bytes = Buffer.from([0, 255]);
    expect((await change('k/append', bytes)).json()).toEqual({ valueBytes: 2, version: 1, node: 'node-a' });
    expect((await change('k/append', bytes, { 'content-type': 'application/json' })).json()).toMatchObject({ valueBytes: 4 });
    expect((await change('k/set-range?offset=3', 'xy')).json()).toMatchObject({ valueBytes: 5 });
    expect(store.values.get('k')?.value).toEqual(Buffer.from([0, 255, 0, 120, 121]));
    const refused = await change('k/append?maxBytes=6', 'xy');
    expect(refused.json()).toMatchObject({ status: 413, code: 'VALUE_TOO_LARGE', executed: 'no' });
  });

  it('get-and-set and get-and-delete answer with what was there, as base64 if it is not UTF-8', async () => {
    const first = await change('k/get-and-set', 'a');
    expect([first.json(), first.headers.etag]).toEqual([{ version: 1, node: 'node-a' }, '"1"']);
    const second = await change('k/get-and-set', Buffer.of(255));
    expect(second.json()).toEqual({ version: 2, node: 'node-a', previous: { value: 'a', version: 1 } });
    const removed = await change('k/get-and-delete');
    expect(removed.json()).toEqual({ version: 3, node: 'node-a', previous: { valueBase64: '/w==', version: 2 } });
    expect(removed.headers.etag).toBeUndefined();
    expect((await change('k/get-and-delete')).json()).toEqual({ version: 0, node: 'node-a' });
  });

  it('touch and persist change the TTL of a key and nothing else, and the other operations take one', async () => {
    store1('k', '5');
    const touched = await change('k/touch?ttlMs=60000');
    expect([touched.json(), touched.headers.etag]).toEqual([{ found: true, version: 1, node: 'node-a' }, '"1"']);
    expect(store.values.get('k')).toEqual({ value: Buffer.from('5'), version: 1, expiresAtMs: 60_000 });
    await change('k/increment?keepTtl=true');
    expect(store.values.get('k')).toMatchObject({ value: Buffer.from('6'), expiresAtMs: 60_000 });
    expect((await change('k/persist')).json()).toEqual({ found: true, hadTtl: true, version: 3, node: 'node-a' });
    const again = await change('k/persist');
    expect([again.json(), again.headers.etag]).toEqual([{ found: true, hadTtl: false, version: 0, node: 'node-a' }, undefined]);
    await change('k/append?ttlMs=7', 'x');
    expect(store.values.get('k')).toMatchObject({ value: Buffer.from('6x'), expiresAtMs: 7 });
    await change('k/get-and-set?keepTtl=false', 'y');
    expect(store.values.get('k')?.expiresAtMs).toBeUndefined();
    expect((await change('none/touch?ttlMs=1')).json()).toEqual({ found: false, version: 0, node: 'node-a' });
    expect((await change('none/persist')).json()).toEqual({ found: false, hadTtl: false, version: 0, node: 'node-a' });
  });

  it.each(['a%2Fb', '%77orker', 'worker%2Fx', '-', 'increment', 'append%2Fappend', '%00'])(
    'changes the key of the path: %s',
    async (path) => {
      expect((await change(`${path}/increment`)).statusCode).toBe(200);
      expect([...store.values.keys()]).toEqual([decodeURIComponent(path)]);
    },
  );

  it('counts its value against the memory while it waits', async () => {
    store1('k', 'x'.repeat(800));
    store.maxHeldBytes = 799;
    expect((await change('k/get-and-set', Buffer.alloc(800))).json()).toMatchObject({ status: 503, code: 'OVERLOADED' });
    expect(stored('k')).toBe('x'.repeat(800));
    // The answer to what is done is never refused.
    expect((await change('k/get-and-delete')).statusCode).toBe(200);
    expect([store.pending, store.heldBytes]).toEqual([0, 0]);
  });

  it('is answered with the error of the node', async () => {
    store.failure = new KvError('OUTCOME_UNKNOWN', 'lost');
    const answer = await change('k/increment');
    expect([answer.statusCode, answer.json()]).toMatchObject([500, { code: 'OUTCOME_UNKNOWN', executed: 'unknown' }]);
  });
});

describe('a change that is refused before it becomes an operation', () => {
  it.each([
    ['k/increment?by=1&by=2', 'by is given more than once'],
    ['k/increment?By=1', '"By" is not an option of increment'],
    ['k/increment?maxBytes=1', '"maxBytes" is not an option of increment'],
    ['k/increment?key=other', '"key" is not an option of increment'],
    ['k/increment?ttlMs=0', 'ttlMs must be a whole number from 1'],
    ['k/increment?ttlMs=5&keepTtl=true', 'ttlMs and keepTtl exclude each other'],
    ['k/increment?keepTtl=yes', 'keepTtl must be true or false'],
    ['k/persist?sync=yes', 'sync must be true or false'],
    ['k/touch', 'touch needs ?ttlMs='],
    ['k/touch?ttlMs=3153600000001', 'ttlMs must be a whole number from 1'],
    ['k/persist?ttlMs=5', '"ttlMs" is not an option of persist'],
    ['k/get-and-delete?x', '"x" is not an option of get-and-delete'],
  ])('%s: %s', async (path, detail) => {
    const answer = await change(path);
    expect(answer.json()).toMatchObject({ status: 400, code: 'INVALID_ARGUMENT', executed: 'no' });
    expect(answer.json().detail).toContain(detail);
    expect(store.values.size).toBe(0);
  });

  it.each([
    ['append?maxBytes=-1', 'maxBytes must be a whole number'],
    ['append?maxBytes=9007199254740992', 'maxBytes must be a whole number'],
    ['append?offset=1', '"offset" is not an option of append'],
    ['set-range', 'set-range needs ?offset='],
    ['set-range?offset=', 'offset must be a whole number'],
    ['set-range?offset=1.5', 'offset must be a whole number'],
  ])('%s: %s', async (operation, detail) => {
    expect((await change(`k/${operation}`, 'x')).json().detail).toContain(detail);
    expect(store.values.size).toBe(0);
  });

  it('a body where none is meant, and none where one is', async () => {
    for (const operation of ['increment', 'get-and-delete']) {
      const answer = await change(`k/${operation}`, '{"by":5}');
      expect(answer.json()).toMatchObject({ status: 400, detail: `${operation} takes no body; its options are in the query` });
    }
    for (const operation of ['append', 'set-range?offset=0', 'get-and-set'])
      expect((await change(`k/${operation}`)).statusCode).toBe(411);
    expect((await change('k/append', Buffer.alloc(1_001))).json()).toMatchObject({ status: 413, code: 'VALUE_TOO_LARGE' });
    expect(store.values.size).toBe(0);
  });

  it.each(['if-match', 'if-none-match', 'kv-if-value'])('a condition, which would be ignored: %s', async (name) => {
    const answer = await change('k/increment', undefined, { [name]: '*' });
    expect(answer.json()).toMatchObject({ status: 400, code: 'INVALID_ARGUMENT' });
    expect(answer.json().detail).toContain(`${name} has no meaning here`);
    expect(store.values.size).toBe(0);
  });

  it.each(['/increment', '%FF/increment', '%zz/increment', 'a/b/increment', 'a/increments', 'a/increment/'])(
    'a path that is no key and operation: %s',
    async (path) => {
      expect((await change(path)).json()).toMatchObject({ status: 400, code: 'INVALID_KEY', executed: 'no' });
      expect(store.values.size).toBe(0);
    },
  );

  it('another method, which is refused with the one that the path has', async () => {
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      const answer = await app.inject({ method, url: '/api/kv/k/increment' });
      expect([answer.statusCode, answer.headers.allow]).toEqual([405, 'POST']);
    }
  });

  it('each is counted once', async () => {
    await change('k/increment?x');
    await change('k/append');
    await change('k/get-and-set', Buffer.alloc(1_001));
    expect(store.refusals).toEqual(['increment INVALID_ARGUMENT', 'append INVALID_ARGUMENT', 'getAndSet VALUE_TOO_LARGE']);
  });
});

describe('Kv-If-Value', () => {
  const ask = (method: 'PUT' | 'DELETE', value: string | string[], headers: Record<string, string> = {}) =>
    app.inject({
      method,
      url: '/api/kv/k',
      headers: { ...headers, 'kv-if-value': value },
      ...(method === 'PUT' && { payload: 'new' }),
    });

  it.each([
    ['open', 'open'],
    ['', ''],
    ['a%20b%2C%00%25', 'a b,\0%'],
    ['%C3%A9', 'é'],
  ])('%s writes and deletes only if the key has that value', async (header, value) => {
    store1('k', 'other');
    for (const method of ['PUT', 'DELETE'] as const)
      expect((await ask(method, header)).json()).toMatchObject({
        status: 412,
        code: 'VALUE_MISMATCH',
        executed: 'no',
        currentVersion: 7,
      });
    store1('k', value);
    expect((await ask('PUT', header)).statusCode).toBe(200);
    store1('k', value);
    expect((await ask('DELETE', header)).json()).toMatchObject({ existed: true });
  });

  it('holds beside If-Match only if both do', async () => {
    store1('k', 'open');
    expect((await ask('PUT', 'open', { 'if-match': '"6"' })).statusCode).toBe(412);
    expect((await ask('PUT', 'shut', { 'if-match': '"7"' })).statusCode).toBe(412);
    expect((await ask('PUT', 'open', { 'if-match': '"7"' })).statusCode).toBe(200);
  });

  it.each(['%zz', 'a b', 'a"b', 'é'])('%s is not percent-encoded, and refused', async (header) => {
    store1('k', 'open');
    expect((await ask('PUT', header)).json()).toMatchObject({ status: 400, code: 'INVALID_ARGUMENT' });
    expect(stored('k')).toBe('open');
  });
});
