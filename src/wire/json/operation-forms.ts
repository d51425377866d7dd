/**
 * The fields of each operation as JSON has them. Everything that reads an operation from JSON, from a query or describes it follows
 * these tables. Names and meanings are those of proto/kv/v1/kv.proto, in camel case; a field of bytes has a twin in base64.
 */
import type { TransactOperation } from '../contract/kv-api.js';

/**
 * `bytes`: text, or base64 under the name with `Base64`. `decimal`: a number as text, or an integer that JSON keeps exactly; empty if
 * it is left out. `count`: an integer below 2^53; 0 if it is left out. A form with `optional` may be left out.
 */
export type FieldForm =
  | 'key'
  | 'bytes'
  | 'count'
  | 'decimal'
  | 'needed count'
  | 'optional bytes'
  | 'optional count'
  | 'optional flag';

export type Fields = Readonly<Record<string, FieldForm>>;

const condition = { ifVersion: 'optional count', ifValue: 'optional bytes' } as const;
const expiry = { ttlMs: 'optional count', keepTtl: 'optional flag' } as const;

export const operationForms = {
  get: { key: 'key' },
  put: { key: 'key', value: 'bytes', ...condition, ...expiry },
  delete: { key: 'key', ...condition },
  increment: { key: 'key', by: 'decimal', initial: 'decimal', min: 'decimal', max: 'decimal', ...expiry },
  append: { key: 'key', value: 'bytes', maxBytes: 'count', ...expiry },
  setRange: { key: 'key', offset: 'needed count', value: 'bytes', maxBytes: 'count', ...expiry },
  getAndSet: { key: 'key', value: 'bytes', ...expiry },
  getAndDelete: { key: 'key' },
  touch: { key: 'key', ttlMs: 'needed count' },
  persist: { key: 'key' },
} as const satisfies Readonly<Record<keyof TransactOperation, Fields>>;

/** What a write has beside the fields of its operation: a transaction as a whole, or an operation that is executed alone. */
export const writeForm = { sync: 'optional flag' } as const satisfies Fields;

export type OperationKind = keyof typeof operationForms;

export const operationKinds = Object.keys(operationForms) as OperationKind[];

/** What a transaction compares before it executes anything. */
export const compareForm = {
  key: 'key',
  version: 'optional count',
  exists: 'optional flag',
  value: 'optional bytes',
} as const satisfies Fields;

export function isOptional(form: FieldForm): boolean {
  return form !== 'key' && form !== 'bytes' && form !== 'needed count';
}
