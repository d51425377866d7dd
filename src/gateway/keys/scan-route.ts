/** The route of scans: `GET /api/kv`, a page of the keys of all shards in the order of their bytes. */
import { KvError } from '../../errors.js';
import { jsonValue } from '../../wire/json/json-value.js';
import type { Routes } from '../routes/routes.js';
import { expiresInMs, jsonAnswer, list, object, problems, text, version } from '../routes/schemas.js';

export interface ScannedRange {
  readonly prefix: string;
  readonly from: string;
  readonly to: string;
  /** The last key of the page before. Empty: the first page. */
  readonly after: string;
  readonly reverse: boolean;
  readonly limit: number;
  readonly keysOnly: boolean;
}

export interface ScannedKeys {
  readonly records: readonly {
    readonly key: string;
    readonly value: Uint8Array;
    readonly version: number;
    readonly expiresInMs: number | undefined;
  }[];
  /** The last key of the page, if others may follow. */
  readonly nextAfter: string | undefined;
}

/** @throws KvError */
export type ScanKeys = (range: ScannedRange) => Promise<ScannedKeys>;

const defaultPageKeys = 100;
const maxPageKeys = 1_000;

export function scanRoutes(scan: ScanKeys): Routes {
  return (app) => {
    const query = (description: string) => ({ type: 'string', description });
    const flag = (description: string) => ({ type: 'boolean', description });
    const schema = {
      operationId: 'scan',
      tags: ['keys'],
      summary: 'Keys in the order of their bytes, a page at a time',
      querystring: {
        type: 'object',
        properties: {
          prefix: query('Only keys that begin with this text. Not together with from or to'),
          from: query('The first key that may be shown'),
          to: query('No key from this one on is shown'),
          reverse: flag('From the last key to the first'),
          values: flag('With the values'),
          limit: { type: 'integer', minimum: 1, maximum: maxPageKeys, default: defaultPageKeys },
          cursor: query('next of the page before; the other parameters stay as they were'),
        },
      },
      response: {
        200: jsonAnswer(
          'Keys of several moments: what is written meanwhile may be shown or not; a page without next is the last',
          pageSchema,
        ),
        ...problems({
          400: 'A parameter is invalid',
          501: 'A node keeps no order of keys (--no-order)',
          503: 'A shard is not served at the moment, or too many scans are under way',
          504: 'A node does not answer in time',
        }),
      },
    };
    app.get<{ Querystring: Query }>('/api/kv', { schema }, async ({ query: asked, originalUrl }) => {
      refuseInvalidUtf8(originalUrl);
      const range = rangeOf(asked);
      const { records, nextAfter } = await scan(range);
      return {
        keys: records.map(({ key, value, version: at, expiresInMs: left }) => ({
          key,
          ...(!range.keysOnly && jsonValue(value)),
          version: at,
          ...(left !== undefined && { expiresInMs: left }),
        })),
        ...(nextAfter !== undefined && { next: cursorOf(nextAfter) }),
      };
    });
  };
}

const pageSchema = object(
  {
    keys: list(
      object({ key: text, value: text, valueBase64: text, version, expiresInMs }, ['value', 'valueBase64', 'expiresInMs']),
    ),
    next: { type: 'string', description: 'cursor of the next page; missing with the last' },
  },
  ['next'],
);

const names = ['prefix', 'from', 'to', 'reverse', 'values', 'limit', 'cursor'] as const;
type Query = { readonly [Name in (typeof names)[number]]?: string };

/** @throws KvError INVALID_ARGUMENT */
function rangeOf(query: Query): ScannedRange {
  for (const name of Object.keys(query))
    if (!names.includes(name as (typeof names)[number])) throw new KvError('INVALID_ARGUMENT', `there is no parameter ${name}`);
  const { limit = String(defaultPageKeys), cursor } = query;
  const isLimit = typeof limit === 'string' && /^[1-9]\d{0,5}$/.test(limit) && Number(limit) <= maxPageKeys;
  if (!isLimit) throw new KvError('INVALID_ARGUMENT', `limit must be a whole number from 1 to ${maxPageKeys}`);
  return {
    prefix: textOf(query, 'prefix'),
    from: textOf(query, 'from'),
    to: textOf(query, 'to'),
    after: cursor === undefined ? '' : keyOfCursor(cursor),
    reverse: isSet(query, 'reverse'),
    limit: Number(limit),
    keysOnly: !isSet(query, 'values'),
  };
}

/** fastify leaves a parameter that it cannot decode undecoded, which would name another range. @throws KvError INVALID_ARGUMENT */
function refuseInvalidUtf8(url: string): void {
  try {
    decodeURIComponent(url);
  } catch (cause) {
    throw new KvError('INVALID_ARGUMENT', 'the parameters must be percent-encoded UTF-8', { cause });
  }
}

function textOf(query: Query, name: 'prefix' | 'from' | 'to'): string {
  const given = query[name] ?? '';
  if (typeof given === 'string') return given;
  throw new KvError('INVALID_ARGUMENT', `${name} must be given once`);
}

function isSet(query: Query, name: 'reverse' | 'values'): boolean {
  const given = query[name] ?? 'false';
  if (given === 'true' || given === 'false') return given === 'true';
  throw new KvError('INVALID_ARGUMENT', `${name} must be true or false`);
}

function cursorOf(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function keyOfCursor(cursor: string): string {
  const isCursor = typeof cursor === 'string' && /^[A-Za-z0-9_-]{1,1400}$/.test(cursor);
  const key = isCursor ? Buffer.from(cursor, 'base64url').toString() : '';
  // Bytes that are no UTF-8 would be replaced: the page would begin behind another key.
  if (!isCursor || cursorOf(key) !== cursor)
    throw new KvError('INVALID_ARGUMENT', 'cursor must be "next" of the page before, unchanged');
  return key;
}
