/**
 * A transaction as JSON, for HTTP and kvctl: what must hold under `if`, and two lists of operations under `do` and `otherwise`, as
 * `KvClient.transact` names them, and `sync` for the whole. Each operation is an object with one field, its kind: `{"put":{"key":"a","value":"b"}}`. Its result
 * has the same form.
 */
import { isUtf8 } from 'node:buffer';
import { KvError } from '../../errors.js';
import { maxTransactionOperations } from '../../limits.js';
import type {
  TransactCompare,
  TransactOperation,
  TransactRequest,
  TransactResponse,
  TransactResult,
} from '../contract/kv-api.js';
import { checkNames, flagAt, listAt, objectAt, readFields } from './json-fields.js';
import { hasAtMost } from './json-structure.js';
import { type JsonBytes, jsonValue } from './json-value.js';
import { compareForm, operationForms, operationKinds } from './operation-forms.js';

/** More than any transaction has: an operation has two objects and at most eight fields. */
const maxStructure = 16 * maxTransactionOperations;

/** @throws KvError INVALID_ARGUMENT, INVALID_KEY */
export function readTransaction(bytes: Uint8Array): TransactRequest<Buffer> {
  const json = objectAt('', parsed(bytes));
  checkNames('', json, ['if', 'do', 'otherwise', 'sync']);
  return {
    compares: listAt('if', json.if).map(
      (compare, index) => readFields(`if[${index}]`, compare, compareForm) as unknown as TransactCompare<Buffer>,
    ),
    operations: listAt('do', json.do).map((operation, index) => readOperation(`do[${index}]`, operation)),
    otherwise: listAt('otherwise', json.otherwise).map((operation, index) => readOperation(`otherwise[${index}]`, operation)),
    ...(json.sync !== undefined && { sync: flagAt('sync', json.sync) }),
  };
}

function parsed(bytes: Uint8Array): unknown {
  if (!isUtf8(bytes)) throw new KvError('INVALID_ARGUMENT', 'the JSON is not valid UTF-8');
  if (!hasAtMost(maxStructure, bytes))
    throw new KvError(
      'INVALID_ARGUMENT',
      `the JSON has more than ${maxStructure} objects, lists and fields; a transaction has at most ` +
        `${maxTransactionOperations} comparisons and operations`,
    );
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
  } catch (cause) {
    throw new KvError('INVALID_ARGUMENT', 'the JSON cannot be parsed', { cause });
  }
}

function readOperation(place: string, json: unknown): TransactOperation<Buffer> {
  const operation = objectAt(place, json);
  checkNames(place, operation, operationKinds);
  const given = operationKinds.filter((kind) => operation[kind] !== undefined);
  const [kind] = given;
  if (kind === undefined || given.length > 1)
    throw new KvError('INVALID_ARGUMENT', `${place} must have one operation, not ${given.length}: ${operationKinds.join(', ')}`);
  return { [kind]: readFields(`${place}.${kind}`, operation[kind], operationForms[kind]) };
}

export interface TransactionJson {
  readonly held: boolean;
  readonly version: number;
  readonly results: readonly object[];
}

export function transactionToJson({ held, version, results }: Omit<TransactResponse, 'nodeId'>): TransactionJson {
  return { held, version, results: results.map(resultToJson) };
}

/** An object with one field, the kind of the operation. */
export function resultToJson({
  get,
  put,
  delete: removed,
  increment,
  append,
  setRange,
  getAndSet,
  getAndDelete,
  touch,
  persist,
}: TransactResult) {
  if (get) return { get: foundToJson(get) };
  if (put) return { put: { version: put.version } };
  if (removed) return { delete: { existed: removed.existed, version: removed.version } };
  if (increment) return { increment: { value: increment.value, version: increment.version } };
  if (append) return { append: { valueBytes: append.valueBytes, version: append.version } };
  if (setRange) return { setRange: { valueBytes: setRange.valueBytes, version: setRange.version } };
  if (getAndSet) return { getAndSet: replacedToJson(getAndSet) };
  if (getAndDelete) return { getAndDelete: replacedToJson(getAndDelete) };
  if (touch) return { touch: { found: touch.found, version: touch.version } };
  if (persist) return { persist: { found: persist.found, hadTtl: persist.hadTtl, version: persist.version } };
  throw new Error('a result without an operation');
}

function foundToJson({ found, value, version, expiresInMs }: NonNullable<TransactResult['get']>): object {
  if (!found) return { found };
  return { found, ...jsonValue(value), version, ...(expiresInMs !== undefined && { expiresInMs }) };
}

type Replaced = NonNullable<TransactResult['getAndSet']>;

interface ReplacedJson {
  readonly version: number;
  /** Missing: the key did not exist. */
  readonly previous?: JsonBytes & { readonly version: number };
}

function replacedToJson({ found, previousValue, previousVersion, version }: Replaced): ReplacedJson {
  return found ? { version, previous: { ...jsonValue(previousValue), version: previousVersion } } : { version };
}
