/**
 * The operations that change keys by what is there: their requests become transactions of the core, and the core's answers become
 * responses. A request is checked as a whole before anything is executed.
 */
import { KvError } from '../../errors.js';
import { maxTransactionOperations } from '../../limits.js';
import {
  type Answer,
  isNumber,
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
import { checkIfVersion, checkKeyBytes, checkValue } from './request-checks.js';

export interface KeyChange {
  readonly kind: ChangeMethod;
  readonly transaction: Transaction;
  readonly request: RequestIdentity | undefined;
}

type Transacted = Extract<Answer, { kind: 'transacted' }>;
type Operation = TransactOperation<Buffer>;

/** A put, or a delete if there is no value, that asks for the value that is there. */
export function conditionalWrite(
  key: string,
  value: Uint8Array | undefined,
  ifVersion: number | undefined,
  ifValue: Uint8Array,
): Transaction {
  const condition = { key, ifVersion, ifValue };
  const operation: KeyOperation = value === undefined ? { kind: 'delete', ...condition } : { kind: 'put', value, ...condition };
  return single(operation);
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
  const value = (bytes: Uint8Array): Uint8Array => {
    checkValue(bytes.length, maxValueBytes);
    return ownCopy(bytes);
  };
  const maxBytes = (asked: number): number => (asked === 0 ? maxValueBytes : Math.min(asked, maxValueBytes));
  const { get, put, delete: remove, increment, append, setRange, getAndSet, getAndDelete } = message;
  if (get) return { kind: 'get', key: checkKeyBytes(get.key) };
  if (put) {
    checkIfVersion(put.ifVersion, 0);
    const { key, ifVersion, ifValue } = put;
    return { kind: 'put', key: checkKeyBytes(key), value: value(put.value), ifVersion, ifValue: ifValue && ownCopy(ifValue) };
  }
  if (remove) {
    checkIfVersion(remove.ifVersion, 1);
    const { key, ifVersion, ifValue } = remove;
    return { kind: 'delete', key: checkKeyBytes(key), ifVersion, ifValue: ifValue && ownCopy(ifValue) };
  }
  if (increment) {
    const { key, by, initial, min, max } = increment;
    return {
      kind: 'increment',
      key: checkKeyBytes(key),
      by: toNumber('by', by) ?? '1',
      initial: toNumber('initial', initial) ?? '0',
      min: toNumber('min', min),
      max: toNumber('max', max),
    };
  }
  if (append)
    return { kind: 'append', key: checkKeyBytes(append.key), value: value(append.value), maxBytes: maxBytes(append.maxBytes) };
  if (setRange) {
    const { key, offset } = setRange;
    return {
      kind: 'setRange',
      key: checkKeyBytes(key),
      offset,
      value: value(setRange.value),
      maxBytes: maxBytes(setRange.maxBytes),
    };
  }
  if (getAndSet) return { kind: 'getAndSet', key: checkKeyBytes(getAndSet.key), value: value(getAndSet.value) };
  if (getAndDelete) return { kind: 'getAndDelete', key: checkKeyBytes(getAndDelete.key) };
  throw new KvError('INVALID_ARGUMENT', 'an operation of a transaction that this version does not know');
}

function toNumber(name: string, text: string): string | undefined {
  if (text === '' || isNumber(text)) return text || undefined;
  const rule =
    'a decimal number from -2^63 to 2^63 - 1 with up to 17 digits after the point, without exponent or superfluous zeros';
  throw new KvError('INVALID_ARGUMENT', `${name} must be ${rule}, not ${JSON.stringify(text.slice(0, 40))}`);
}

export function encodeAnswer({ kind, transaction }: KeyChange, answer: Transacted, source: AnswerSource): Buffer {
  const { held, version, results } = answer;
  const executed = held ? transaction.operations : transaction.otherwise;
  if (kind !== 'transact') {
    const response = toResponse(executed[0]!, results[0]!);
    return (changes[kind].response as { encode(message: object): Buffer }).encode({ ...Object.values(response)[0], ...source });
  }
  const all = results.map((result, index) => toResponse(executed[index]!, result));
  return changes.transact.response.encode({ held, version, results: all, ...source });
}

const nodeId = '';
const nothing = Buffer.alloc(0);

function toResponse({ kind }: KeyOperation, { value, version, previousVersion = 0, valueBytes = 0 }: KeyResult): TransactResult {
  const bytes = value === undefined ? nothing : Buffer.from(value.buffer, value.byteOffset, value.length);
  const previous = { found: value !== undefined, previousValue: bytes, previousVersion, version, nodeId };
  switch (kind) {
    case 'get':
      return { get: { found: value !== undefined, value: bytes, version, nodeId } };
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
    case 'persist':
      throw new Error('no API has this operation yet');
  }
}
