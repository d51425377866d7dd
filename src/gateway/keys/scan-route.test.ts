import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KvError } from '../../errors.js';
import { createServer } from '../server/server.js';
import { type ScannedKeys, type ScannedRange, scanRoutes } from './scan-route.js';

let asked: ScannedRange[];
let answer: () => ScannedKeys;
let app: FastifyInstance;

beforeEach(() => {
  asked = [];
  answer = () => ({ records: [], nextAfter: undefined });
  const routes = [
    scanRoutes(async (range) => {
      asked.push(range);
      return answer();
    }),
  ];
  app = createServer({ routes, logger: pino({ level: 'silent' }), isClosing: () => false });
});
afterEach(() => app.close());

const get = (query: string) => app.inject({ method: 'GET', url: `/api/kv${query}` });
const whole = { prefix: '', from: '', to: '', after: '', reverse: false, limit: 100, keysOnly: true };

test('a scan - without parameters asks for the first keys of all', async () => {
  expect((await get('')).json()).toEqual({ keys: [] });
  expect(asked).toEqual([whole]);
});

test('a scan - shows keys, and values on request, with a cursor for the next page', async () => {
  const key = 'Straße/\u{1f511}';
  answer = () => ({
    records: [
      { key: 'a', value: Buffer.from('ä'), version: 1, expiresInMs: 5 },
      { key, value: Buffer.from([0xff]), version: 2, expiresInMs: undefined },
    ],
    nextAfter: key,
  });
  const page = (await get('?from=a&to=b&reverse=true&limit=2&values=true')).json();
  expect(page.keys).toEqual([
    { key: 'a', value: 'ä', version: 1, expiresInMs: 5 },
    { key, valueBase64: '/w==', version: 2 },
  ]);
  const next = (await get(`?prefix=Stra%C3%9Fe&cursor=${page.next}`)).json();
  expect(next.keys[0]).toEqual({ key: 'a', version: 1, expiresInMs: 5 });
  expect(asked).toEqual([
    { ...whole, from: 'a', to: 'b', reverse: true, limit: 2, keysOnly: false },
    { ...whole, prefix: 'Straße', after: key },
  ]);
});

test.each([
  'limit=0',
  'limit=1001',
  'limit=x',
  'reverse=yes',
  'cursor=',
  'cursor=%2F',
  'cursor=_w',
  'cursor=YR',
  'cursor=a',
  'prefix=%ff',
  'prefix=a&prefix=b',
  'offset=7',
])('a scan - with %s: 400', async (query) => {
  expect((await get(`?${query}`)).json()).toMatchObject({ status: 400, code: 'INVALID_ARGUMENT' });
});

test('a scan - that a node refuses has its status', async () => {
  answer = () => {
    throw new KvError('NO_ORDER', 'there is none');
  };
  expect((await get('')).json()).toMatchObject({ status: 501, code: 'NO_ORDER', executed: 'no' });
  answer = () => {
    throw new KvError('LEASE_LAPSED', 'it lapsed');
  };
  expect((await get('')).headers['retry-after']).toBe('1');
});
