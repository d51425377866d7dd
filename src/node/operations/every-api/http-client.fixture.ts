/** A client over HTTP. */
import type { FastifyInstance } from 'fastify';
import { positionOfText } from '../../../wire/contract/position-text.js';
import {
  type ChangeRequest,
  failureOf,
  foundAnswer,
  isKeyRequest,
  type TestAnswer,
  type TestKeyRequest,
  type TestRequest,
  type TransactionRequest,
} from './test-request.fixture.js';

interface HttpRequest {
  readonly method: 'GET' | 'PUT' | 'DELETE' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: Buffer | string | undefined;
}

export async function overHttp(app: FastifyInstance, request: TestRequest): Promise<TestAnswer> {
  const { kind, traceParent, waits = false, identity } = request;
  const { method, url, headers = {}, payload } = httpRequestOf(request);
  const answer = await app.inject({
    method,
    url,
    headers: {
      ...headers,
      ...(payload?.length === 0 && { 'content-length': '0' }),
      ...(!waits && { 'kv-wait': 'no' }),
      ...(traceParent !== undefined && { traceparent: traceParent }),
      ...(identity !== undefined && {
        'idempotency-key': identity.client,
        'kv-position': `${identity.history}:${identity.seq}`,
      }),
    },
    ...(payload !== undefined && { payload }),
  });
  // The only answer for which HTTP has a code of its own.
  if (answer.statusCode === 404) return { found: false, value: '', version: 0 };
  if (answer.statusCode >= 400)
    return failureOf({
      ...answer.json(),
      message: answer.json().detail,
      position: positionOfText(answer.headers['kv-position']?.toString()),
    });
  if (kind === 'get') {
    const { etag, 'kv-expires-in-ms': left } = answer.headers;
    return foundAnswer(true, answer.body, Number(etag?.slice(1, -1)), left === undefined ? undefined : Number(left));
  }
  const { node: _node, replicas: _replicas, ...rest } = answer.json();
  return rest;
}

function httpRequestOf(request: TestRequest): HttpRequest {
  if (isKeyRequest(request)) return keyRequest(request);
  if (request.kind === 'transact')
    return { method: 'POST', url: '/api/transact', payload: JSON.stringify(toJson(request.transaction)) };
  return changeRequest(request);
}

function keyRequest({ kind, key, value, ifVersion, ifValue, ttlMs, keepTtl, sync }: TestKeyRequest): HttpRequest {
  const headers = {
    ...(ifVersion === 0 && { 'if-none-match': '*' }),
    ...(ifVersion !== undefined && ifVersion > 0 && { 'if-match': `"${ifVersion}"` }),
    ...(ifValue !== undefined && { 'kv-if-value': encoded(ifValue) }),
    ...(ttlMs !== undefined && { 'kv-ttl-ms': String(ttlMs) }),
    ...(keepTtl !== undefined && { 'kv-keep-ttl': String(keepTtl) }),
    ...(sync !== undefined && { 'kv-sync': String(sync) }),
  };
  return {
    method: ({ get: 'GET', put: 'PUT', delete: 'DELETE' } as const)[kind],
    url: `/api/kv/${encoded(key)}`,
    headers,
    payload: value,
  };
}

function changeRequest({ kind, key, value, options = {} }: ChangeRequest): HttpRequest {
  const operation = kind.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const query = new URLSearchParams(Object.entries(options).map(([name, option]): [string, string] => [name, String(option)]));
  return { method: 'POST', url: `/api/kv/${encoded(key)}/${operation}?${query}`, payload: value };
}

function encoded(bytes: Buffer): string {
  return [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

function toJson({ compares = [], operations = [], otherwise = [], ...rest }: TransactionRequest['transaction']): object {
  const [first, second] = [operations, otherwise].map((list) => list.map(operationToJson));
  return { if: compares.map(fieldsToJson), do: first, otherwise: second, ...rest };
}

function operationToJson(operation: object): object {
  return Object.fromEntries(Object.entries(operation).map(([kind, fields]) => [kind, fieldsToJson(fields)]));
}

/** Keys are text, other bytes are base64. */
function fieldsToJson(fields: object): object {
  const entries = Object.entries(fields).filter(([, field]) => field !== undefined);
  return Object.fromEntries(
    entries.map(([name, field]) => {
      if (!Buffer.isBuffer(field)) return [name, field];
      return name === 'key' ? [name, field.toString()] : [`${name}Base64`, field.toString('base64')];
    }),
  );
}
