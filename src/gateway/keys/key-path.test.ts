import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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

describe('a key in a path', () => {
  it.each([
    ['user:1', 'user:1'],
    ['a%2Fb', 'a/b'],
    ['a%2F..%2Fb', 'a/../b'],
    ['%2561', '%61'],
    ['a+b', 'a+b'],
    ['a%3Fb%23c', 'a?b#c'],
    ['%00', '\0'],
    ['%D0%BA%E9%8D%B5%F0%9F%94%91', 'к鍵🔑'],
    ['%77orkers', 'workers'],
    ['worker', 'worker'],
    ['%77orker%2Fx', 'worker/x'],
    ['..', '..'],
    ['.', '.'],
    ['-', '-'],
    ['__proto__', '__proto__'],
    ['a;b=c', 'a;b=c'],
  ])('%s is the key %j', async (path, key) => {
    // A raw request is needed, since HTTP clients normalise paths.
    const put = await raw('PUT', `/api/kv/${path}`);
    expect(put.status).toBe(200);
    expect([...store.values.keys()]).toEqual([key]);
    expect((await raw('GET', `http://any.host:1/api/kv/${path}`)).status).toBe(200);
  });

  it.each([
    ['', 'INVALID_KEY'],
    ['a/b', 'INVALID_KEY'],
    ['a/', 'INVALID_KEY'],
    ['a//b', 'INVALID_KEY'],
    ['../livez', 'INVALID_KEY'],
    ['%FF', 'INVALID_KEY'],
    ['%C0%AF', 'INVALID_KEY'],
    ['%ED%A0%80', 'INVALID_KEY'],
    ['%', 'INVALID_KEY'],
    ['%4', 'INVALID_KEY'],
    ['%zz', 'INVALID_KEY'],
    ['a\\b', 'INVALID_KEY'],
    ['caf\u00e9', 'BAD_REQUEST'],
    ['a?b', 'INVALID_ARGUMENT'],
    ['a#b', 'INVALID_ARGUMENT'],
  ])('%s is not a key', async (path, code) => {
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      const refused = await raw(method, `/api/kv/${path}`);
      expect(refused.problem()).toMatchObject({ status: 400, code, executed: 'no' });
    }
    expect(store.values.size).toBe(0);
  });

  it('of 1,024 percent-encoded bytes is accepted, and one byte more is not', async () => {
    for (const byte of ['k', '%6B'])
      expect((await raw('GET', `/api/kv/${byte.repeat(1_025)}`)).problem()).toMatchObject({ status: 400, code: 'INVALID_KEY' });
    expect((await raw('PUT', `/api/kv/${'%6B'.repeat(1_024)}`)).status).toBe(200);
    expect([...store.values.keys()]).toEqual(['k'.repeat(1_024)]);
  });

  beforeEach(() => app.listen({ port: 0, host: '127.0.0.1' }));

  /** Sends the path exactly as it is written. */
  async function raw(method: 'GET' | 'PUT' | 'DELETE', path: string): Promise<{ status: number; problem: () => object }> {
    const { port } = app.server.address() as AddressInfo;
    const sent = request({ host: '127.0.0.1', port, method, path, agent: false }).end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const body = await text(answer);
    return { status: answer.statusCode ?? 0, problem: () => JSON.parse(body) as object };
  }
});
