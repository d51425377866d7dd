/**
 * The operations that change keys by what is there: their requests become transactions of the core. A request is checked as a whole
 * before anything is executed. change-answer.ts has the way back.
 */
import { KvError } from '../../errors.js';
import { maxTransactionOperations } from '../../limits.js';
import {
  type Compare,
  isGreater,
  isNumber,
  type KeyOperation,
  keysOf,
  type RequestIdentity,
  type Transaction,
} from '../../replication/index.js';
import { type ChangeMethod, changes, compare } from '../../wire/contract/change-messages.js';
import { IdentityReader } from '../../wire/pipeline/identity-reader.js';
import { OperationFields } from '../../wire/pipeline/operation-fields.js';
import { KnownTexts } from '../../wire/protobuf/known-texts.js';
import { ownCopy, ownCopyOf } from '../../wire/protobuf/own-memory.js';
import { MalformedMessage, ProtobufReader } from '../../wire/protobuf/protobuf-reader.js';
import type { DecodedOperation } from './operation.js';
import { checkDecodedKey, checkExpiry, checkIfVersion, checkKeyBytes, checkTtl, checkValue } from './request-checks.js';

export interface KeyChange {
  readonly kind: ChangeMethod;
  readonly transaction: Transaction;
  /** Those of the transaction, once each. */
  readonly keys: readonly string[];
  /** Its answer waits until every in-sync replica has flushed it. */
  readonly sync: boolean;
  readonly request: RequestIdentity | undefined;
}

interface JudgedWrite {
  readonly ifVersion: number | undefined;
  readonly ifValue: Uint8Array | undefined;
  readonly ttlMs: number | undefined;
  readonly keepTtl: boolean;
}

const none: readonly never[] = [];

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

function single(operation: KeyOperation): Transaction {
  return { compares: none, operations: [operation], otherwise: none };
}

/** Of a TransactRequest. */
const tags = Object.fromEntries(changes.transact.request.fields.map(({ name, tag }) => [name, tag])) as Record<
  'compares' | 'operations' | 'otherwise' | 'sync' | 'request' | 'position',
  number
>;

/** Decodes the requests of one node. */
export class ChangeDecoder {
  readonly #maxValueBytes: number;
  readonly #fields = new OperationFields();
  readonly #identity = new IdentityReader(new KnownTexts());
  /** Of the request that was read last. */
  #sync = false;

  constructor(maxValueBytes: number) {
    this.#maxValueBytes = maxValueBytes;
  }

  /** @param operation names where the request lies, and the client of one that names none. @throws KvError */
  decode(kind: ChangeMethod, operation: Pick<DecodedOperation, 'buffer' | 'valueStart' | 'valueEnd' | 'client'>): KeyChange {
    const reader = new ProtobufReader(operation.buffer, operation.valueStart, operation.valueEnd);
    // What a malformed request has left behind.
    this.#identity.take(operation);
    try {
      const transaction = kind === 'transact' ? this.#transaction(reader) : this.#single(reader, kind);
      return { kind, transaction, keys: keysOf(transaction), sync: this.#sync, request: this.#identity.take(operation) };
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      throw new KvError('INVALID_ARGUMENT', `a request that cannot be decoded: ${error.message}`, { cause: error });
    }
  }

  #single(reader: ProtobufReader, kind: Exclude<ChangeMethod, 'transact'>): Transaction {
    this.#fields.read(reader, kind, this.#identity);
    this.#sync = this.#fields.sync;
    return single(toOperation(reader.buffer, this.#fields, this.#maxValueBytes));
  }

  #transaction(reader: ProtobufReader): Transaction {
    const compares: Compare[] = [];
    const operations: KeyOperation[] = [];
    const otherwise: KeyOperation[] = [];
    let count = 0;
    this.#sync = false;
    while (reader.more) {
      const tag = reader.tag();
      if (tag === tags.request) this.#identity.readRequest(reader);
      else if (tag === tags.position) this.#identity.readPosition(reader);
      else if (tag === tags.sync) this.#sync = reader.bool();
      else if (tag !== tags.operations && tag !== tags.otherwise && tag !== tags.compares) reader.skip(tag);
      else if (++count > maxTransactionOperations) reader.skip(tag);
      else if (tag === tags.compares) compares.push(readCompare(reader));
      else (tag === tags.operations ? operations : otherwise).push(this.#part(reader));
    }
    checkCount(count);
    return { compares, operations, otherwise };
  }

  /** An operation of a transaction, which has one identity as a whole, and is flushed as a whole. */
  #part(reader: ProtobufReader): KeyOperation {
    const fields = this.#fields;
    const outerEnd = reader.enter();
    fields.readAny(reader);
    reader.leave(outerEnd);
    if (fields.hasIdentity) throw ofTheWhole('an identity', 'one');
    if (fields.sync) throw ofTheWhole('sync', 'it');
    return toOperation(reader.buffer, fields, this.#maxValueBytes);
  }
}

function ofTheWhole(what: string, may: string): KvError {
  const message = `an operation of a transaction has ${what}; only the whole transaction may have ${may}`;
  return new KvError('INVALID_ARGUMENT', message);
}

function checkCount(count: number): void {
  if (count === 0) throw new KvError('INVALID_ARGUMENT', 'a transaction without a comparison or an operation');
  if (count <= maxTransactionOperations) return;
  throw new KvError(
    'INVALID_ARGUMENT',
    `the transaction has ${count} comparisons and operations; at most ${maxTransactionOperations} are allowed, which no option changes`,
  );
}

function readCompare(reader: ProtobufReader): Compare {
  const outerEnd = reader.enter();
  const { key, version, exists, value } = compare.read(reader);
  reader.leave(outerEnd);
  checkIfVersion(version, 0);
  return { key: checkKeyBytes(key), ifVersion: version, exists, ifValue: value && ownCopy(value) };
}

/** @param buffer the memory that the fields were read from */
function toOperation(buffer: Buffer, fields: OperationFields, maxValueBytes: number): KeyOperation {
  const { kind } = fields;
  if (kind === undefined) throw new KvError('INVALID_ARGUMENT', 'an operation of a transaction that this version does not know');
  const key = checkDecodedKey(fields.key, fields.keyBytes);
  switch (kind) {
    case 'get':
    case 'getAndDelete':
    case 'persist':
      return { kind, key };
    case 'delete':
      checkIfVersion(fields.ifVersion, 1);
      return { kind, key, ifVersion: fields.ifVersion, ifValue: fields.ifValue && ownCopy(fields.ifValue) };
    case 'touch':
      return { kind, key, ttlMs: checkTtl(fields.ttlMs ?? 0) };
    case 'increment':
      return toIncrement(key, fields);
    default:
      return toWriting(kind, key, buffer, fields, maxValueBytes);
  }
}

/** The operations whose request has a value. */
function toWriting(
  kind: 'put' | 'getAndSet' | 'append' | 'setRange',
  key: string,
  buffer: Buffer,
  fields: OperationFields,
  maxValueBytes: number,
): KeyOperation {
  const { valueStart, valueEnd, maxBytes: asked, offset } = fields;
  checkValue(valueEnd - valueStart, maxValueBytes);
  const value = ownCopyOf(buffer, valueStart, valueEnd);
  const maxBytes = asked === 0 ? maxValueBytes : Math.min(asked, maxValueBytes);
  const expiry = checkExpiry(fields.ttlMs, fields.keepTtl);
  if (kind === 'getAndSet') return { kind, key, value, expiry };
  if (kind === 'append') return { kind, key, value, maxBytes, expiry };
  if (kind === 'setRange') return { kind, key, offset, value, maxBytes, expiry };
  checkIfVersion(fields.ifVersion, 0);
  return { kind, key, value, ifVersion: fields.ifVersion, ifValue: fields.ifValue && ownCopy(fields.ifValue), expiry };
}

function toIncrement(key: string, fields: OperationFields): KeyOperation {
  const by = toNumber('by', fields.by) ?? '1';
  const initial = toNumber('initial', fields.initial) ?? '0';
  const min = toNumber('min', fields.min);
  const max = toNumber('max', fields.max);
  if (min !== undefined && max !== undefined && isGreater(min, max))
    throw new KvError('INVALID_ARGUMENT', `min ${min} is greater than max ${max}, so no sum can be within these bounds`);
  return { kind: 'increment', key, by, initial, min, max, expiry: checkExpiry(fields.ttlMs, fields.keepTtl) };
}

function toNumber(name: string, text: string): string | undefined {
  if (text === '') return undefined;
  if (isNumber(text)) return text;
  const rule =
    'a decimal number from -2^63 to 2^63 - 1 with up to 17 digits after the point, without exponent or superfluous zeros';
  throw new KvError('INVALID_ARGUMENT', `${name} must be ${rule}, not ${JSON.stringify(text.slice(0, 40))}`);
}
