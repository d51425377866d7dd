/** What a request asks of a key, read from its path and its headers. */
import type { FastifyRequest } from 'fastify';
import { type TraceHeaders, traceHeadersOf, traceParentKey, traceStateKey } from '../tracing/index.js';
import { ifVersionOf } from './conditions.js';
import { keyBytesOf } from './key-path.js';

export interface KeyRequest {
  readonly key: Buffer;
  readonly ifVersion?: number;
}

/** @throws KvError INVALID_KEY, INVALID_ARGUMENT */
export function keyOf({ originalUrl }: FastifyRequest): Buffer {
  return keyBytesOf(originalUrl);
}

/** Of a write or a delete. @throws KvError INVALID_KEY, INVALID_ARGUMENT */
export function changeOf(request: FastifyRequest): KeyRequest {
  const key = keyOf(request);
  const ifVersion = ifVersionOf(request.headers);
  return ifVersion === undefined ? { key } : { key, ifVersion };
}

/** A header that comes twice is one text with a comma: no `traceparent`, and the whole `tracestate`. */
export function traceOf({ headers }: FastifyRequest): TraceHeaders | undefined {
  return traceHeadersOf(headers[traceParentKey]?.toString(), headers[traceStateKey]?.toString());
}
