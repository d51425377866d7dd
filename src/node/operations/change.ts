/**
 * The operations that change keys by what is there: their requests become transactions of the core, and the core's answers become
 * responses. A request is checked as a whole before anything is executed.
 */
import { KvError } from '../../errors.js';
import { maxTransactionOperations } from '../../limits.js';
import {
  type Answer,
  type Expiry,
  isGreater,
  isNumber,
  type KeyCondition,
  type KeyOperation,
  type KeyResult,
  type RequestIdentity,
  type Transaction,
} from '../../replication/index.js';
import { type ChangeMethod, changes } from '../../wire/contract/change-messages.js';
import type { TransactCompare, TransactOperation, TransactRequest, TransactResult } from '../../wire/contract/kv-api.js';
import { type IdentityFields, identityOf } from '../../wire/contract/request-identity.js';
import { ownCopy } from '../../wire/protobuf/own-memory.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';
import type { AnswerSource } from './operation.js';
import { checkExpiry, checkIfVersion, checkKeyBytes, checkTtl, checkValue } from './request-checks.js';

export interface KeyChange {
  readonly kind: ChangeMethod;
  readonly transaction: Transaction;
  readonly request: RequestIdentity | undefined;
}

type Transacted = Extract<Answer, { kind: 'transacted' }>;
type Operation = TransactOperation<Buffer>;

interface JudgedWrite {
  readonly ifVersion: number | undefined;
  readonly ifValue: Uint8Array | undefined;
  readonly ttlMs: number | undefined;
  readonly keepTtl: boolean;
}

/** A put, or a delete if there is no value, that depends on the value that is there, or on its expiry. */
export function judgedWrite(
  key: string,
  value: Uint8Array | undefined,
  { ifVersion, ifValue, ttlMs, keepTtl }: JudgedWrite,
): Transaction {
  const condition = { key, ifVersion, ifValue };
  if (value === undefined) return single({ kind: 'delete', ...condition });
  return single({ kind: 'put', value, ...condition, expiry: checkExpiry(ttlMs, keepTtl) });
}

/** @param client of a request that names none. @throws KvError */
export function decodeChange(kind: ChangeMethod, message: Buffer, maxValueBytes: number, client = ''): KeyChange {
  const decodedRequest = decoded(kind, message);
  const request = identityOf(decodedRequest, client);
  if (kind !== 'transact') return { kind, transaction: single(toOperation({ [kind]: decodedRequest }, maxValueBytes)), request };
  const { compares, operations, otherwise } = decodedRequest as TransactRequest<Buffer>;
  checkCount(compares.length + operations.length + otherwise.length);
  const transaction = {
    compares: compares.map(toCompare),
    operations: operations.map((operation) => toPart(operation, maxValueBytes)),
    otherwise: otherwise.map((operation) => toPart(operation, maxValueBytes)),
  };
  return { kind, transaction, request };
}

function single(operation: KeyOperation): Transaction {
  return { compares: [], operations: [operation], otherwise: [] };
}

function decoded(kind: ChangeMethod, message: Buffer): IdentityFields {
  try {
    return changes[kind].request.decode(message);
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
    throw new KvError('INVALID_ARGUMENT', `a request that cannot be decoded: ${error.message}`, { cause: error });
  }
}

function checkCount(count: number): void {
  if (count === 0) throw new KvError('INVALID_ARGUMENT', 'a transaction without a comparison or an operation');
  if (count <= maxTransactionOperations) return;
  throw new KvError(
    'INVALID_ARGUMENT',
    `the transaction has ${count} comparisons and operations; at most ${maxTransactionOperations} are allowed, which no option changes`,
  );
}

function toCompare({ key, version, exists, value }: TransactCompare<Buffer>) {
  checkIfVersion(version, 0);
  return { key: checkKeyBytes(key), ifVersion: version, exists, ifValue: value && ownCopy(value) };
}

/** An operation of a transaction, which has one identity as a whole. */
function toPart(message: Operation, maxValueBytes: number): KeyOperation {
  const [part] = Object.values(message).filter((field) => field !== null) as IdentityFields[];
  if (part?.request === undefined || part.request === null) return toOperation(message, maxValueBytes);
  throw new KvError('INVALID_ARGUMENT', 'an operation of a transaction has an identity; only the whole transaction may have one');
}

function toOperation(message: Operation, maxValueBytes: number): KeyOperation {
  const { get, put, delete: remove, increment, append, setRange, getAndSet, getAndDelete, touch, persist } = message;
  const request =
    get ?? put ?? remove ?? increment ?? append ?? setRange ?? getAndSet ?? getAndDelete ?? touch ?? persist ?? undefined;
  if (request === undefined)
    throw new KvError('INVALID_ARGUMENT', 'an operation of a transaction that this version does not know');
  const key = checkKeyBytes(request.key);
  const value = (bytes: Uint8Array): Uint8Array => {
    checkValue(bytes.length, maxValueBytes);
    return ownCopy(bytes);
  };
  const maxBytes = (asked: number): number => (asked === 0 ? maxValueBytes : Math.min(asked, maxValueBytes));
  if (get) return { kind: 'get', key };
  if (put) return { kind: 'put', key, value: value(put.value), ...toCondition(put, 0), expiry: toExpiry(put) };
  if (remove) return { kind: 'delete', key, ...toCondition(remove, 1) };
  if (increment) return toIncrement(key, increment);
  if (append)
    return { kind: 'append', key, value: value(append.value), maxBytes: maxBytes(append.maxBytes), expiry: toExpiry(append) };
  if (setRange) {
    const { offset } = setRange;
    const limit = maxBytes(setRange.maxBytes);
    return { kind: 'setRange', key, offset, value: value(setRange.value), maxBytes: limit, expiry: toExpiry(setRange) };
  }
  if (getAndSet) return { kind: 'getAndSet', key, value: value(getAndSet.value), expiry: toExpiry(getAndSet) };
  if (getAndDelete) return { kind: 'getAndDelete', key };
  if (touch) return { kind: 'touch', key, ttlMs: checkTtl(touch.ttlMs) };
  return { kind: 'persist', key };
}

function toCondition({ ifVersion, ifValue }: { ifVersion?: number; ifValue?: Uint8Array }, lowest: 0 | 1): KeyCondition {
  checkIfVersion(ifVersion, lowest);
  return { ifVersion, ifValue: ifValue && ownCopy(ifValue) };
}

function toExpiry({ ttlMs, keepTtl }: { ttlMs?: number; keepTtl?: boolean }): Expiry | undefined {
  return checkExpiry(ttlMs, keepTtl);
}

function toIncrement(key: string, request: NonNullable<Operation['increment']>): KeyOperation {
  const [by, initial] = [toNumber('by', request.by) ?? '1', toNumber('initial', request.initial) ?? '0'];
  const [min, max] = [toNumber('min', request.min), toNumber('max', request.max)];
  if (min !== undefined && max !== undefined && isGreater(min, max))
    throw new KvError('INVALID_ARGUMENT', `min ${min} is greater than max ${max}, so no sum can be within these bounds`);
  return { kind: 'increment', key, by, initial, min, max, expiry: toExpiry(request) };
}

function toNumber(name: string, text: string): string | undefined {
  if (text === '' || isNumber(text)) return text || undefined;
  const rule =
    'a decimal number from -2^63 to 2^63 - 1 with up to 17 digits after the point, without exponent or superfluous zeros';
  throw new KvError('INVALID_ARGUMENT', `${name} must be ${rule}, not ${JSON.stringify(text.slice(0, 40))}`);
}

/** How long a key still exists that is due at this time of the shard; undefined: it is never due. */
type ExpiresIn = (expiresAtMs: number | undefined) => number | undefined;

export function encodeAnswer(
  { kind, transaction }: KeyChange,
  answer: Transacted,
  source: AnswerSource,
  expiresIn: ExpiresIn,
): Buffer {
  const { held, version, results } = answer;
  const executed = held ? transaction.operations : transaction.otherwise;
  if (kind !== 'transact') {
    const response = toResponse(executed[0]!, results[0]!, expiresIn);
    return (changes[kind].response as { encode(message: object): Buffer }).encode({ ...Object.values(response)[0], ...source });
  }
  const all = results.map((result, index) => toResponse(executed[index]!, result, expiresIn));
  return changes.transact.response.encode({ held, version, results: all, ...source });
}

const nodeId = '';
const nothing = Buffer.alloc(0);

function toResponse({ kind }: KeyOperation, result: KeyResult, expiresIn: ExpiresIn): TransactResult {
  const { value, version, previousVersion = 0, valueBytes = 0, existed = false } = result;
  const bytes = value === undefined ? nothing : Buffer.from(value.buffer, value.byteOffset, value.length);
  const previous = { found: value !== undefined, previousValue: bytes, previousVersion, version, nodeId };
  switch (kind) {
    case 'get': {
      const expiresInMs = expiresIn(result.expiresAtMs);
      return {
        get: { found: value !== undefined, value: bytes, version, nodeId, ...(expiresInMs !== undefined && { expiresInMs }) },
      };
    }
    case 'put':
      return { put: { version, nodeId } };
    case 'delete':
      return { delete: { existed: version > 0, version, nodeId } };
    case 'increment':
      return { increment: { value: bytes.toString('latin1'), version, nodeId } };
    case 'append':
      return { append: { version, valueBytes, nodeId } };
    case 'setRange':
      return { setRange: { version, valueBytes, nodeId } };
    case 'getAndSet':
      return { getAndSet: previous };
    case 'getAndDelete':
      return { getAndDelete: previous };
    case 'touch':
      return { touch: { found: existed, version, nodeId } };
    case 'persist':
      return { persist: { found: existed, hadTtl: version > 0, version, nodeId } };
  }
}
