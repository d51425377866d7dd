/** Compares the document with the existing routes, and with their answers. */
import { readFileSync } from 'node:fs';
import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { KvError } from '../../errors.js';
import { clusterRoutes } from '../cluster/cluster-routes.js';
import { FakeClusterView } from '../cluster/cluster-view.fixture.js';
import { keyRoutes } from '../keys/key-routes.js';
import { FakeKeyValues } from '../keys/key-values.fixture.js';
import { scanRoutes } from '../keys/scan-route.js';
import { healthRoutes } from '../routes/health-routes.js';
import { metricsRoutes } from '../routes/metrics-routes.js';
import { createServer } from './server.js';

interface Media {
  readonly schema: AnySchema;
}
interface Answer {
  readonly description: string;
  readonly content?: Readonly<Record<string, Media>>;
}
interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: AnySchema;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, Answer>>;
}
interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const scanned = { key: 'k', value: Buffer.from('v'), version: 1, expiresInMs: 5 };

let store: FakeKeyValues;
let view: FakeClusterView;
let app: FastifyInstance;
/** The routes of the router. */
let routed: string[];
let document: Document;
let ready: boolean;
let starting: boolean;

beforeEach(async () => {
  store = new FakeKeyValues();
  view = new FakeClusterView();
  ready = true;
  starting = false;
  const health = healthRoutes({ readiness: () => ({ ready, reasons: ready ? [] : ['the node is stopping'] }) });
  routed = [];
  app = createServer({
    routes: [
      (scope) => {
        scope.addHook('onRoute', ({ method, url, schema }) => {
          if ((schema as { hide?: boolean } | undefined)?.hide === true) return;
          for (const one of [method].flat()) if (one !== 'HEAD') routed.push(`${one} ${url.replace(/:(\w+)/, '{$1}')}`);
        });
      },
      health,
      keyRoutes(store),
      scanRoutes(async () => ({ records: [scanned], nextAfter: 'k' })),
      clusterRoutes(() => view),
      metricsRoutes({
        read: async () => {
          if (starting) throw new KvError('NO_PRIMARY', 'this node is starting');
          return { contentType: 'text/plain; version=0.0.4', text: 'kvnode_up 1\n' };
        },
      }),
    ],
    logger: pino({ level: 'silent' }),
    isClosing: () => false,
  });
  document = (await app.inject('/api/openapi.json')).json<Document>();
});
afterEach(() => app.close());

function operations(): [path: string, method: string, operation: Operation][] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, Operation] => [path, method.toUpperCase(), operation]),
  );
}

it('has every route, and no other', () => {
  const described = operations().map(([path, method]) => `${method} ${path}`);
  expect(described.sort()).toEqual([...routed, 'GET /api/openapi.json'].sort());
  expect(described.length).toBeGreaterThan(8);
});

it('has exactly the routes of docs/rest.md', () => {
  const text = readFileSync(new URL('../../../docs/rest.md', import.meta.url), 'utf8');
  const listed = [...text.matchAll(/^\| ((?:`[A-Z]+`, )*)`([A-Z]+) (\/\S+)` \|/gm)].flatMap(([, others, last, path]) =>
    [...[...others!.matchAll(/[A-Z]+/g)].map(([method]) => method), last].map((method) => `${method} ${path}`),
  );
  const described = operations().map(([path, method]) => `${method} ${path}`);
  expect(listed.filter((one) => !one.startsWith('HEAD')).sort()).toEqual(described.sort());
});

it('is a valid OpenAPI 3.1 document', () => {
  const strict = new Ajv2020({ strict: true, strictTypes: false, formats: { binary: true } });
  expect(document.openapi).toBe('3.1.0');
  expect(document.info.version).toMatch(/^\d+\.\d+\.\d+/);
  const ids = operations().map(([, , { operationId }]) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [path, , { operationId, tags, parameters = [], requestBody, responses }] of operations()) {
    expect(operationId).toMatch(/^\w+$/);
    for (const tag of tags) expect(document.tags.map(({ name }) => name)).toContain(tag);
    const inPath = parameters.filter((parameter) => parameter.in === 'path');
    expect(inPath.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
    for (const { required } of inPath) expect(required).toBe(true);
    for (const { schema } of parameters) expect(strict.validateSchema(schema)).toBe(true);
    const answers = Object.entries(responses);
    expect(answers.length).toBeGreaterThan(0);
    for (const [status, { description }] of answers) {
      expect(status).toMatch(/^([2-5]\d\d|default)$/);
      expect(description).not.toBe('');
    }
    const contents = [requestBody?.content ?? {}, ...answers.map(([, { content = {} }]) => content)];
    for (const content of contents)
      for (const [type, { schema }] of Object.entries(content)) {
        expect(type).toMatch(/^[a-z]+\/[a-z+-]+$/);
        expect(() => strict.compile(schema)).not.toThrow();
      }
  }
});

it('describes the bodies and the conditions of writes', () => {
  for (const method of ['put', 'post']) {
    const { requestBody, parameters } = document.paths['/api/kv/{key}']![method]!;
    expect(Object.keys(requestBody?.content ?? {})).toEqual(['application/octet-stream']);
    expect(parameters?.filter((parameter) => parameter.in === 'header').map(({ name }) => name)).toEqual([
      'Kv-Wait',
      'Idempotency-Key',
      'Kv-Position',
      'If-Match',
      'If-None-Match',
      'Kv-If-Value',
      'Kv-Ttl-Ms',
      'Kv-Keep-Ttl',
      'Kv-Sync',
    ]);
  }
});

const refusedHeaders: readonly (readonly [status: number, headers: Record<string, string>])[] = [
  [403, { origin: 'https://evil.example' }],
  [415, { 'content-encoding': 'gzip' }],
  [501, { 'transfer-encoding': 'gzip, chunked' }],
];

it('describes the answers of the routes, errors included', async () => {
  const etag = async () => (await app.inject({ method: 'PUT', url: '/api/kv/k', payload: 'v' })).headers.etag as string;
  await answers('PUT', '/api/kv/k', '/api/kv/{key}', { payload: 'v' }, 200);
  await answers('POST', '/api/kv/k', '/api/kv/{key}', { payload: 'v' }, 200);
  await answers('PUT', '/api/kv/new', '/api/kv/{key}', { payload: 'v', headers: { 'if-none-match': '*' } }, 201);
  await answers('PUT', '/api/kv/k', '/api/kv/{key}', { payload: Buffer.alloc(2_000) }, 413);
  await answers('PUT', '/api/kv/k', '/api/kv/{key}', { payload: 'v', headers: { 'if-match': '"9999"' } }, 412);
  await answers('GET', '/api/kv/k', '/api/kv/{key}', {}, 200);
  await answers('GET', '/api/kv/k', '/api/kv/{key}', { headers: { 'if-none-match': await etag() } }, 304);
  await answers('GET', '/api/kv/none', '/api/kv/{key}', {}, 404);
  await answers('GET', '/api/kv/a/b', '/api/kv/{key}', {}, 400);
  for (const code of ['NO_PRIMARY', 'OUTCOME_UNKNOWN', 'DEADLINE_EXCEEDED', 'MEMORY_FULL'] as const) {
    store.failure = new KvError(code, 'x', { primaryAddress: '127.0.0.1:1' });
    const status = { NO_PRIMARY: 503, OUTCOME_UNKNOWN: 500, DEADLINE_EXCEEDED: 504, MEMORY_FULL: 507 }[code];
    await answers('PUT', '/api/kv/k', '/api/kv/{key}', { payload: 'v' }, status);
  }
  await answers('DELETE', '/api/kv/k', '/api/kv/{key}', {}, 200);
  await answers('DELETE', '/api/kv/k', '/api/kv/{key}', { headers: { 'if-match': '"9999"' } }, 412);
  await changesAnswer();
  await answers('GET', '/api/kv?values=true', '/api/kv', {}, 200);
  await answers('GET', '/api/kv?limit=0', '/api/kv', {}, 400);
  await answers('GET', '/api/kv/workers', '/api/kv/workers', {}, 200);
  await answers('GET', '/api/kv/worker/node-a?limit=3', '/api/kv/worker/{id}', {}, 200);
  await answers('GET', '/api/kv/worker/node-a?limit=x', '/api/kv/worker/{id}', {}, 400);
  await answers('GET', '/api/kv/worker/other', '/api/kv/worker/{id}', {}, 404);
  view.silent = new KvError('UNREACHABLE', 'it cannot be reached');
  await answers('GET', '/api/cluster', '/api/cluster', {}, 200);
  starting = true;
  await answers('GET', '/metrics', '/metrics', {}, 503);
  starting = false;
  await answers('GET', '/metrics', '/metrics', {}, 200);
  const fixed = Object.entries(document.paths).flatMap(([path, { get }]) =>
    get === undefined || path.includes('{') ? [] : [path],
  );
  for (const path of fixed) for (const [status, headers] of refusedHeaders) await answers('GET', path, path, { headers }, status);
  await answers('GET', '/livez', '/livez', {}, 200);
  await answers('GET', '/readyz', '/readyz', {}, 200);
  ready = false;
  await answers('GET', '/readyz', '/readyz', {}, 503);
});

async function changesAnswer(): Promise<void> {
  const ask = (operation: string, status: number, key = 'c', payload?: string | Buffer, headers = {}) => {
    const [name] = operation.split('?');
    const request = { ...(payload !== undefined && { payload }), headers };
    return answers('POST', `/api/kv/${key}/${operation}`, `/api/kv/{key}/${name}`, request, status);
  };
  await ask('increment?by=0.5', 200);
  await ask('append', 200, 'c', 'x');
  await ask('increment', 409);
  await ask('increment?by=x', 400);
  await ask('append', 411);
  await ask('append?maxBytes=1', 413, 'c', 'x');
  await ask('set-range?offset=1', 200, 'c', 'x');
  await ask('get-and-set', 200, 'c', Buffer.of(255));
  await ask('get-and-set', 200, 'd', 'x');
  for (const key of ['d', 'none']) await ask('touch?ttlMs=5', 200, key);
  await ask('touch', 400);
  for (const key of ['d', 'none']) await ask('persist', 200, key);
  for (const key of ['c', 'd', 'd']) await ask('get-and-delete', 200, key);
  store.failure = new KvError('MEMORY_FULL', 'x');
  await ask('increment', 507);
  const get = { get: { key: 'e' } };
  const operations = [
    get,
    { put: { key: 'e', value: '1', ttlMs: 5 } },
    get,
    { touch: { key: 'e', ttlMs: 5 } },
    { persist: { key: 'e' } },
    { increment: { key: 'e' } },
    { append: { key: 'e', value: '' } },
  ];
  const others = [
    { setRange: { key: 'e', offset: 0, value: '' } },
    { getAndSet: { key: 'e', valueBase64: '' } },
    { getAndDelete: { key: 'e' } },
  ];
  const transact = (json: object, status: number) =>
    answers('POST', '/api/transact', '/api/transact', { payload: JSON.stringify(json) }, status);
  await transact({ do: [...operations, ...others, { delete: { key: 'e' } }] }, 200);
  await transact({ do: [{ put: { key: 'e', value: '', ifVersion: 99 } }] }, 412);
  await transact({}, 400);
}

const ajv = new Ajv2020({ strictTypes: false });
/** The meaning of `default`: statuses that no route lists itself. */
const anyRequest = [403, 415, 417, 501];

async function answers(
  method: 'GET' | 'PUT' | 'POST' | 'DELETE',
  url: string,
  path: string,
  request: { readonly payload?: string | Buffer; readonly headers?: Record<string, string> },
  status: number,
): Promise<void> {
  const answer = await app.inject({ method, url, ...request });
  expect([url, answer.statusCode]).toEqual([url, status]);
  const { responses } = document.paths[path]![method.toLowerCase()]!;
  const described = responses[status] ?? (anyRequest.includes(status) ? responses.default : undefined);
  expect(described, `${method} ${path} may answer ${status}`).toBeDefined();
  const [type, media] = Object.entries(described?.content ?? {})[0] ?? [];
  if (type === undefined) return expect(answer.body).toBe('');
  expect(String(answer.headers['content-type']).split(';')[0]).toBe(type);
  if (!type.endsWith('json')) return;
  const isAsDescribed = ajv.compile(closed(media!.schema) as AnySchema);
  expect(isAsDescribed(answer.json()), JSON.stringify(isAsDescribed.errors)).toBe(true);
}

/** Forbids fields that are not described. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([name, part]) => [name, closed(part)]);
  const isObject = 'properties' in schema && 'type' in schema && schema.type === 'object';
  return Object.fromEntries(isObject ? [...entries, ['additionalProperties', false]] : entries);
}
