import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
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

function transact(payload: object | string | Buffer | undefined, headers: Record<string, string> = {}) {
  const body = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload);
  return app.inject({ method: 'POST', url: '/api/transact', headers, ...(body !== undefined && { payload: body }) });
}

it('a transaction executes one list or the other, and answers with its results', async () => {
  const request = {
    if: [{ key: 'state', exists: false }],
    do: [{ put: { key: 'state', value: 'open' } }, { increment: { key: 'total', by: 5 } }],
    otherwise: [{ get: { key: 'state' } }],
  };
  const first = await transact(request, { 'content-type': 'text/plain' });
  expect([first.statusCode, first.headers['kv-node']]).toEqual([200, 'node-a']);
  expect(first.json()).toEqual({
    held: true,
    version: 1,
    results: [{ put: { version: 1 } }, { increment: { value: '5', version: 1 } }],
    node: 'node-a',
  });
  expect((await transact(request)).json()).toEqual({
    held: false,
    version: 0,
    results: [{ get: { found: true, value: 'open', version: 1 } }],
    node: 'node-a',
  });
});

it('a transaction that the node refuses has the status of the refusal, and nothing is executed', async () => {
  const put = { put: { key: 'a', value: 'x' } };
  const cases: [object, object][] = [
    [{ put: { key: 'b', value: '', ifVersion: 3 } }, { status: 412, code: 'VERSION_MISMATCH', currentVersion: 0 }],
    [{ delete: { key: 'a', ifValue: 'y' } }, { status: 412, code: 'VALUE_MISMATCH' }],
    [{ increment: { key: 'a' } }, { status: 409, code: 'NOT_A_NUMBER' }],
    [{ increment: { key: 'b', max: '0' } }, { status: 409, code: 'OUT_OF_RANGE' }],
    [{ put: { key: 'b', value: 'x'.repeat(1_001) } }, { status: 413, code: 'VALUE_TOO_LARGE' }],
    [{ get: { key: '' } }, { status: 400, code: 'INVALID_KEY' }],
  ];
  for (const [refused, expected] of cases) {
    const answer = await transact({ do: [put, refused] });
    expect(answer.json()).toMatchObject({ ...expected, executed: 'no' });
    expect(store.values.size).toBe(0);
  }
});

it('a body that is no transaction is refused with its place, and counted once', async () => {
  const refused = async (payload: string | Buffer | undefined, status: number, detail: string) => {
    const answer = await transact(payload);
    expect([answer.statusCode, answer.json().detail]).toEqual([status, expect.stringContaining(detail)]);
  };
  await refused('{', 400, 'the JSON cannot be parsed');
  await refused(Buffer.of(0x22, 0xff, 0x22), 400, 'not valid UTF-8');
  await refused('{"do":[{"put":{"key":"a"}}]}', 400, 'do[0].put.value must be text');
  await refused('{}', 400, 'a transaction without a comparison or an operation');
  await refused(undefined, 411, 'has none');
  const counted = ['INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'INVALID_ARGUMENT'];
  expect(store.refusals).toEqual(counted.map((code) => `transact ${code}`));
});

it('a body that is larger than a message is refused before it is read', async () => {
  const answer = await transact('{}', { 'content-length': String(16 * 1024 * 1024 + 1) });
  expect(answer.json()).toMatchObject({ status: 413, code: 'MESSAGE_TOO_LARGE', executed: 'no' });
});

it('a condition in a header is refused, since it would be ignored', async () => {
  const answer = await transact({ do: [{ put: { key: 'a', value: '' } }] }, { 'if-match': '"1"' });
  expect([answer.statusCode, store.values.size]).toEqual([400, 0]);
});

it('a transaction counts its body against the memory while it waits, and an answer to what is done is not refused', async () => {
  store.maxHeldBytes = 10;
  expect((await transact({ do: [{ get: { key: 'a' } }] })).json()).toMatchObject({ status: 503, code: 'OVERLOADED' });
  store.maxHeldBytes = 200;
  store.values.set('a', { value: Buffer.alloc(900), version: 1 });
  expect((await transact({ do: [{ getAndDelete: { key: 'a' } }] })).statusCode).toBe(200);
  expect([store.pending, store.heldBytes, store.values.size]).toEqual([0, 0, 0]);
});

it('a transaction with an unknown outcome says so', async () => {
  store.failure = new KvError('OUTCOME_UNKNOWN', 'lost');
  expect((await transact({ do: [{ getAndDelete: { key: 'a' } }] })).json()).toMatchObject({ status: 500, executed: 'unknown' });
});

it('the path of transactions has no other method', async () => {
  const answer = await app.inject({ method: 'GET', url: '/api/transact' });
  expect([answer.statusCode, answer.headers.allow]).toEqual([405, 'POST']);
});
