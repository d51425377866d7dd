/** What the descriptions of the routes of keys have in common, for the OpenAPI document. */
import { syncMeaning } from './change-schemas.js';

const keyParameter = {
  type: 'object',
  properties: {
    key: {
      type: 'string',
      description: '1 to 1,024 bytes of UTF-8, percent-encoded, in one segment: / is %2F. The key "workers" is %77orkers',
    },
  },
};

export const ofKey = { tags: ['keys'], params: keyParameter };

export const binary = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } };

export const refusals = {
  400: 'The key is empty, too long, not percent-encoded or not UTF-8; or a condition is invalid',
  500: 'A fault of the node, or an answer was lost: see executed',
  503: 'Not executed (with an Idempotency-Key: by this attempt); try again after Retry-After seconds',
  504: 'No answer in time: see executed',
};

/** Of a write with an Idempotency-Key. */
export const unrecognised = {
  409: 'The shard cannot tell any more whether it has executed the request with this Idempotency-Key',
  422: 'The Idempotency-Key was used for another request',
};

export const noRoom = { 507: 'The data would outgrow the memory of a node that holds it' };

export const writeRefusals = {
  412: 'The key is not at the requested version, or has another value; currentVersion is its version',
  ...noRoom,
  ...unrecognised,
};

const waitHeader = {
  'Kv-Wait': {
    type: 'string',
    description: 'no: refused at once while the shard is not served; otherwise the node tries again for up to 10 s',
  },
};

/** Of a write. */
const callProperties = {
  ...waitHeader,
  'Idempotency-Key': {
    type: 'string',
    description:
      'Random, 8 to 64 characters: a request with the same key and content is executed once, and every attempt gets the first answer. It needs Kv-Position',
  },
  'Kv-Position': {
    type: 'string',
    description: 'With Idempotency-Key: the header of that name of an earlier answer for the key, the same in every attempt',
  },
};

export const callHeaders = { type: 'object', properties: callProperties };

const ifMatch = { 'If-Match': { type: 'string', description: 'An ETag: only if the key is at this version' } };

/** @param ifNoneMatch what the header means here. */
function ifNoneMatchHeader(ifNoneMatch: string) {
  return { 'If-None-Match': { type: 'string', description: ifNoneMatch } };
}

const ifValue = {
  'Kv-If-Value': {
    type: 'string',
    description: 'Only if the key has this value, percent-encoded as in a path. A value that does not fit headers: /api/transact',
  },
};

export function readHeaders(ifNoneMatch: string) {
  return { type: 'object', properties: { ...waitHeader, ...ifMatch, ...ifNoneMatchHeader(ifNoneMatch) } };
}

const expiry = {
  'Kv-Ttl-Ms': {
    type: 'integer',
    minimum: 1,
    description: 'The key expires this many milliseconds after the write. Without it and Kv-Keep-Ttl it does not expire',
  },
  'Kv-Keep-Ttl': {
    type: 'boolean',
    description: 'true: the key expires when it would have expired without this write; not together with Kv-Ttl-Ms',
  },
};

const sync = { 'Kv-Sync': { type: 'boolean', description: syncMeaning } };

export const putHeaders = {
  type: 'object',
  properties: {
    ...callProperties,
    ...ifMatch,
    ...ifNoneMatchHeader('Only *: write only if the key does not exist'),
    ...ifValue,
    ...expiry,
    ...sync,
  },
};

export const deleteHeaders = { type: 'object', properties: { ...callProperties, ...ifMatch, ...ifValue, ...sync } };
