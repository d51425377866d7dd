/**
 * The operations of a transaction as values. Each carries the fields of its request and the type of its result, so that the results of
 * `KvClient.transact` are typed one by one.
 */
import { KvError } from '../../errors.js';
import type { TransactCompare } from '../../wire/contract/kv-api.js';
import type { AnswerFields } from '../../wire/pipeline/answer-fields.js';
import type { OperationRequest } from '../../wire/pipeline/operation-request.js';
import { checkKey, checkTtlArgument, checkVersion, toValueBytes } from '../arguments.js';
import { conditionFields, expiryFields } from '../data-requests.js';
import type { WriteCondition, WriteExpiry } from '../results.js';

/** A value and its version. */
export interface VersionedValue {
  readonly value: Buffer;
  readonly version: number;
}
export interface ExpiringValue extends VersionedValue {
  /** How long the key still exists if nothing writes it; 0: it is due. Undefined: it does not expire. */
  readonly expiresInMs: number | undefined;
}
export interface IncrementOutcome {
  /** The sum as decimal text, exact. `Number(value)` rounds beyond 2^53. */
  readonly value: string;
  readonly version: number;
}
export interface LengthOutcome {
  readonly version: number;
  /** The length of the whole value. */
  readonly valueBytes: number;
}
export interface ReplacedOutcome {
  /** What was there before; undefined: the key did not exist. */
  readonly previous: VersionedValue | undefined;
  /** The version of the write or the deletion; 0: there was nothing to delete. */
  readonly version: number;
}

export interface TouchOutcome {
  /** False: the key did not exist, and nothing was written. */
  readonly found: boolean;
  /** The new version of the key; 0: it did not exist. */
  readonly version: number;
}
export interface PersistOutcome {
  readonly found: boolean;
  /** False: the key had no TTL, and nothing was written. */
  readonly hadTtl: boolean;
  /** The new version of the key; 0: nothing was written. */
  readonly version: number;
}

/** A number, or decimal text for one that a JavaScript number would round: `'0.1'`, `'9223372036854775807'`. */
export type DecimalInput = number | bigint | string;

export interface IncrementSettings extends WriteExpiry {
  /** What is added. Default: 1. */
  readonly by?: DecimalInput;
  /** What a key counts as which does not exist. Default: 0. */
  readonly initial?: DecimalInput;
  /** Refuses a sum below it (OUT_OF_RANGE). Default: -2^63. */
  readonly min?: DecimalInput;
  /** Refuses a sum above it (OUT_OF_RANGE). Default: 2^63 - 1. */
  readonly max?: DecimalInput;
}
export interface LengthLimit extends WriteExpiry {
  /** The longest that the whole value may become. Default: the node's limit for values. */
  readonly maxBytes?: number;
}

export interface PreparedOperation<Result> {
  readonly request: OperationRequest;
  /** Reads the result, which is one of an operation of this kind. */
  read(answer: AnswerFields): Result;
}

/** A condition of a transaction. Parts that are left out ask for nothing. */
export interface CompareInput {
  readonly key: string;
  /** 0: the key does not exist. */
  readonly version?: number;
  readonly exists?: boolean;
  /** The key exists and has this value. */
  readonly value?: string | Uint8Array;
}

/** The operations that a transaction can consist of. */
export const op = {
  get: (key: string): PreparedOperation<ExpiringValue | undefined> => ({
    request: { kind: 'get', key: checkedKey(key) },
    read: ({ found, value, version, expiresInMs }) => (found ? { value, version, expiresInMs } : undefined),
  }),
  put: (
    key: string,
    value: string | Uint8Array,
    options: WriteCondition & WriteExpiry = {},
  ): PreparedOperation<{ readonly version: number }> => {
    checkKey(key);
    const { ifVersion, ifValue } = conditionFields(options, 0);
    const { ttlMs, keepTtl } = expiryFields(options);
    return { request: { kind: 'put', key, value: toValueBytes(value), ifVersion, ifValue, ttlMs, keepTtl }, read: readVersion };
  },
  delete: (
    key: string,
    condition: Omit<WriteCondition, 'ifAbsent'> = {},
  ): PreparedOperation<{ readonly existed: boolean; readonly version: number }> => ({
    request: { kind: 'delete', key: checkedKey(key), ...conditionFields(condition, 1) },
    read: ({ found, version }) => ({ existed: found, version }),
  }),
  increment: (key: string, settings: IncrementSettings = {}): PreparedOperation<IncrementOutcome> => {
    checkKey(key);
    const { by, initial, min, max } = settings;
    const { ttlMs, keepTtl } = expiryFields(settings);
    return {
      request: {
        kind: 'increment',
        key,
        by: decimal(by),
        initial: decimal(initial),
        min: decimal(min),
        max: decimal(max),
        ttlMs,
        keepTtl,
      },
      read: readSum,
    };
  },
  append: (key: string, value: string | Uint8Array, options: LengthLimit = {}): PreparedOperation<LengthOutcome> => ({
    request: {
      kind: 'append',
      key: checkedKey(key),
      value: toValueBytes(value),
      maxBytes: limitOf(options),
      ...expiryFields(options),
    },
    read: readLength,
  }),
  setRange: (
    key: string,
    offset: number,
    value: string | Uint8Array,
    options: LengthLimit = {},
  ): PreparedOperation<LengthOutcome> => ({
    request: {
      kind: 'setRange',
      key: checkedKey(key),
      offset: count('offset', offset),
      value: toValueBytes(value),
      maxBytes: limitOf(options),
      ...expiryFields(options),
    },
    read: readLength,
  }),
  getAndSet: (key: string, value: string | Uint8Array, expiry: WriteExpiry = {}): PreparedOperation<ReplacedOutcome> => ({
    request: { kind: 'getAndSet', key: checkedKey(key), value: toValueBytes(value), ...expiryFields(expiry) },
    read: readReplaced,
  }),
  getAndDelete: (key: string): PreparedOperation<ReplacedOutcome> => ({
    request: { kind: 'getAndDelete', key: checkedKey(key) },
    read: readReplaced,
  }),
  touch: (key: string, ttlMs: number): PreparedOperation<TouchOutcome> => {
    checkTtlArgument(ttlMs);
    return {
      request: { kind: 'touch', key: checkedKey(key), ttlMs },
      read: ({ found, version }) => ({ found, version }),
    };
  },
  persist: (key: string): PreparedOperation<PersistOutcome> => ({
    request: { kind: 'persist', key: checkedKey(key) },
    read: ({ found, hadTtl, version }) => ({ found, hadTtl, version }),
  }),
};

function readVersion({ version }: AnswerFields): { readonly version: number } {
  return { version };
}

function readSum({ sum, version }: AnswerFields): IncrementOutcome {
  return { value: sum, version };
}

function readLength({ version, valueBytes }: AnswerFields): LengthOutcome {
  return { version, valueBytes };
}

function readReplaced({ found, value, previousVersion, version }: AnswerFields): ReplacedOutcome {
  return { previous: found ? { value, version: previousVersion } : undefined, version };
}

/** @throws KvError INVALID_KEY, INVALID_ARGUMENT */
export function toCompare({ key, version, exists, value }: CompareInput): TransactCompare<Buffer> {
  if (version !== undefined) checkVersion(version, 0);
  return {
    key: Buffer.from(checkedKey(key)),
    ...(version === undefined ? {} : { version }),
    ...(exists === undefined ? {} : { exists }),
    ...(value === undefined ? {} : { value: toValueBytes(value) }),
  };
}

function checkedKey(key: string): string {
  checkKey(key);
  return key;
}

function limitOf({ maxBytes = 0 }: LengthLimit): number {
  return count('maxBytes', maxBytes);
}

/** The node checks the form. Empty text counts as none. */
function decimal(number: DecimalInput | undefined): string | undefined {
  return number === undefined || number === '' ? undefined : String(number);
}

function count(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new KvError('INVALID_ARGUMENT', `${name} must be an integer from 0 to 2^53 - 1, not ${value}`);
}
