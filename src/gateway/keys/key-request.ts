/** Decodes a request for a key from its path and its headers. */
import type { FastifyRequest } from 'fastify';
import { type TraceHeaders, traceHeadersOf, traceParentKey, traceStateKey } from '../../tracing/index.js';
import { refuseAtOnce, waitKey } from '../../wire/contract/call-wait.js';
import type { IdentityFields } from '../../wire/contract/request-identity.js';
import { ifValueOf, ifVersionOf } from './conditions.js';
import { expiryFromHeaders, type RequestedExpiry, refuseExpiry } from './expiry-headers.js';
import { identityFromHeaders } from './idempotency.js';
import { keyBytesOf } from './key-path.js';
import { type RequestedSync, syncFromHeaders } from './sync-header.js';

export interface KeyRequest extends RequestedExpiry, RequestedSync, IdentityFields {
  readonly key: Buffer;
  readonly ifVersion?: number;
  readonly ifValue?: Buffer;
}

/** @throws KvError INVALID_KEY, INVALID_ARGUMENT */
export function keyOf({ originalUrl }: FastifyRequest): Buffer {
  return keyBytesOf(originalUrl);
}

/** Decodes a put, without its value. @throws KvError INVALID_KEY, INVALID_ARGUMENT */
export function putOf(request: FastifyRequest): KeyRequest {
  return { ...writeOf(request), ...expiryFromHeaders(request.headers) };
}

/** Decodes a delete. @throws KvError INVALID_KEY, INVALID_ARGUMENT */
export function deleteOf(request: FastifyRequest): KeyRequest {
  refuseExpiry(request.headers, 'a write or touch gives a key its TTL');
  return writeOf(request);
}

/** What every write may have. */
function writeOf(request: FastifyRequest): KeyRequest {
  const { headers } = request;
  const key = keyOf(request);
  const ifVersion = ifVersionOf(headers);
  const ifValue = ifValueOf(headers);
  return {
    key,
    ...(ifVersion !== undefined && { ifVersion }),
    ...(ifValue !== undefined && { ifValue }),
    ...syncFromHeaders(headers),
    ...identityFromHeaders(headers),
  };
}

/** Whether the client waits while the shard of the key is not served, or is refused at once. */
export function waitsOf({ headers }: FastifyRequest): boolean {
  return headers[waitKey] !== refuseAtOnce;
}

/** Node.js joins a repeated header with a comma: that makes an invalid `traceparent`, and one whole `tracestate`. */
export function traceOf({ headers }: FastifyRequest): TraceHeaders | undefined {
  return traceHeadersOf(headers[traceParentKey]?.toString(), headers[traceStateKey]?.toString());
}
