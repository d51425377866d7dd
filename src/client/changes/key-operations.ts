/**
 * The operations of a transaction as values. Each carries its encoded fields and the type of its result, so that the results of
 * `KvClient.transact` are typed one by one.
 */
import { KvError } from '../../errors.js';
import type { TransactCompare, TransactOperation, TransactResult } from '../../wire/contract/kv-api.js';
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
  readonly key: string;
  readonly message: TransactOperation<Buffer>;
  /** Reads the result, whose one member is that of the operation. */
  read(result: TransactResult): Result;
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
    key,
    message: { get: { key: bytesOf(key) } },
    read: ({ get }) => (get!.found ? { value: get!.value, version: get!.version, expiresInMs: get!.expiresInMs } : undefined),
  }),
  put: (
    key: string,
    value: string | Uint8Array,
    options: WriteCondition & WriteExpiry = {},
  ): PreparedOperation<{ readonly version: number }> => ({
    key,
    message: {
      put: { key: bytesOf(key), value: toValueBytes(value), ...conditionFields(options, 0), ...expiryFields(options) },
    },
    read: ({ put }) => ({ version: put!.version }),
  }),
  delete: (
    key: string,
    condition: Omit<WriteCondition, 'ifAbsent'> = {},
  ): PreparedOperation<{ readonly existed: boolean; readonly version: number }> => ({
    key,
    message: { delete: { key: bytesOf(key), ...conditionFields(condition, 1) } },
    read: ({ delete: removed }) => ({ existed: removed!.existed, version: removed!.version }),
  }),
  increment: (key: string, settings: IncrementSettings = {}): PreparedOperation<IncrementOutcome> => ({
    key,
    message: {
      increment: {
        key: bytesOf(key),
        by: decimal(settings.by),
        initial: decimal(settings.initial),
        min: decimal(settings.min),
        max: decimal(settings.max),
        ...expiryFields(settings),
      },
    },
    read: ({ increment }) => ({ value: increment!.value, version: increment!.version }),
  }),
  append: (key: string, value: string | Uint8Array, options: LengthLimit = {}): PreparedOperation<LengthOutcome> => ({
    key,
    message: { append: { key: bytesOf(key), value: toValueBytes(value), ...limitOf(options), ...expiryFields(options) } },
    read: ({ append }) => ({ version: append!.version, valueBytes: append!.valueBytes }),
  }),
  setRange: (
    key: string,
    offset: number,
    value: string | Uint8Array,
    options: LengthLimit = {},
  ): PreparedOperation<LengthOutcome> => ({
    key,
    message: {
      setRange: {
        key: bytesOf(key),
        offset: count('offset', offset),
        value: toValueBytes(value),
        ...limitOf(options),
        ...expiryFields(options),
      },
    },
    read: ({ setRange }) => ({ version: setRange!.version, valueBytes: setRange!.valueBytes }),
  }),
  getAndSet: (key: string, value: string | Uint8Array, expiry: WriteExpiry = {}): PreparedOperation<ReplacedOutcome> => ({
    key,
    message: { getAndSet: { key: bytesOf(key), value: toValueBytes(value), ...expiryFields(expiry) } },
    read: ({ getAndSet }) => replaced(getAndSet!),
  }),
  getAndDelete: (key: string): PreparedOperation<ReplacedOutcome> => ({
    key,
    message: { getAndDelete: { key: bytesOf(key) } },
    read: ({ getAndDelete }) => replaced(getAndDelete!),
  }),
  touch: (key: string, ttlMs: number): PreparedOperation<TouchOutcome> => {
    checkTtlArgument(ttlMs);
    return {
      key,
      message: { touch: { key: bytesOf(key), ttlMs } },
      read: ({ touch }) => ({ found: touch!.found, version: touch!.version }),
    };
  },
  persist: (key: string): PreparedOperation<PersistOutcome> => ({
    key,
    message: { persist: { key: bytesOf(key) } },
    read: ({ persist }) => ({ found: persist!.found, hadTtl: persist!.hadTtl, version: persist!.version }),
  }),
};

/** @throws KvError INVALID_KEY, INVALID_ARGUMENT */
export function toCompare({ key, version, exists, value }: CompareInput): TransactCompare<Buffer> {
  if (version !== undefined) checkVersion(version, 0);
  return {
    key: bytesOf(key),
    ...(version === undefined ? {} : { version }),
    ...(exists === undefined ? {} : { exists }),
    ...(value === undefined ? {} : { value: toValueBytes(value) }),
  };
}

function replaced(found: NonNullable<TransactResult['getAndSet']>): ReplacedOutcome {
  const { previousValue, previousVersion, version } = found;
  return { previous: found.found ? { value: previousValue, version: previousVersion } : undefined, version };
}

function bytesOf(key: string): Buffer {
  checkKey(key);
  return Buffer.from(key);
}

function limitOf({ maxBytes = 0 }: LengthLimit): { maxBytes: number } {
  return { maxBytes: count('maxBytes', maxBytes) };
}

/** The node checks the form. */
function decimal(number: DecimalInput | undefined): string {
  return number === undefined ? '' : String(number);
}

function count(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new KvError('INVALID_ARGUMENT', `${name} must be an integer from 0 to 2^53 - 1, not ${value}`);
}
