import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { refusalOfCluster } from '../../wire/contract/cluster-name.js';
import { keyRoutes } from '../keys/key-routes.js';
import { FakeKeyValues } from '../keys/key-values.fixture.js';
import { healthRoutes } from '../routes/health-routes.js';
import type { Gate } from './cluster-header.js';
import { createServer } from './server.js';

const own: Gate = { clusterId: 'one', judge: (named) => refusalOfCluster(named, { nodeId: 'a', clusterId: 'one' }) };

let app: FastifyInstance;
let gate: Gate | undefined;

beforeEach(() => {
  gate = own;
  const routes = [keyRoutes(new FakeKeyValues()), healthRoutes({ readiness: () => ({ ready: true, reasons: [] }) })];
  app = createServer({ routes, logger: pino({ level: 'silent' }), isClosing: () => false, gate: () => gate });
});
afterEach(() => app.close());

const put = (headers: Record<string, string | string[]> = {}) =>
  app.inject({ method: 'PUT', url: '/api/kv/k', payload: 'v', headers });
const get = async () => (await app.inject('/api/kv/k')).statusCode;

it('a request that names no cluster, or the right one, is served', async () => {
  expect((await put()).statusCode).toBe(200);
  expect((await put({ 'kv-cluster': 'one' })).statusCode).toBe(200);
});

it.each([['other'], [''], [['one', 'other']]])('a request that names %j is refused, and nothing is executed', async (named) => {
  const answer = await put({ 'kv-cluster': named });
  expect(answer.statusCode).toBe(421);
  expect(answer.json()).toMatchObject({ code: 'WRONG_CLUSTER', status: 421, executed: 'no', clusterId: 'one' });
  expect(answer.headers['retry-after']).toBeUndefined();
  expect(await get()).toBe(404);
});

it('every answer names the cluster, even a 404 or a refusal', async () => {
  await put();
  for (const url of ['/api/kv/k', '/api/kv/none', '/nowhere', '/livez', '/api/kv/a/b', '/api/openapi.json'])
    expect([url, (await app.inject(url)).headers['kv-cluster']]).toEqual([url, 'one']);
});

it('an answer names no cluster before the node knows its own', async () => {
  gate = undefined;
  const answer = await app.inject({ url: '/livez', headers: { 'kv-cluster': 'other' } });
  expect([answer.statusCode, answer.headers['kv-cluster']]).toEqual([200, undefined]);
});
