/**
 * Computes what a transaction does to what is there: the resulting values, one for each key, and the result of every operation, or
 * why it is refused as a whole. It changes nothing.
 */
import type { Seq } from '../protocol/ids.js';
import type { KeyWrite } from '../protocol/log-entry.js';
import type { JudgedRefusal } from '../protocol/recorded-answer.js';
import {
  type Compare,
  type Expiry,
  type FoundItem,
  type KeyCondition,
  type KeyOperation,
  type KeyResult,
  maxTransactionBytes,
  type Transaction,
} from '../protocol/transaction.js';
import { isInRange, readDecimal, readPlainInteger, writeDecimal } from './decimal.js';

export interface Judgement {
  /** Whether every compare held. */
  readonly held: boolean;
  /** Empty: nothing changes, and no entry is written. */
  readonly writes: readonly KeyWrite[];
  readonly results: readonly KeyResult[];
}

export interface TransactionRefusal {
  readonly refusal: JudgedRefusal;
  /** Number of the refused operation in its list. */
  readonly operation: number;
  /** The version of its key before the transaction. */
  readonly currentVersion: Seq;
}

/** Of the entry that the transaction may become. */
export interface JudgedAt {
  /** The version of what the transaction writes. */
  readonly seq: Seq;
  /** When a key is due whose TTL begins now (R17). */
  expiryAfter(ttlMs: number): number;
}

/** What is there under a key before the transaction. */
export interface NewestItem extends FoundItem {
  /** True: the value is a view of the storage, to be copied where it is kept. */
  readonly isStored?: boolean;
}

/** @param newest what is there under a key of the transaction */
export function judgeTransaction(
  { compares, operations, otherwise }: Transaction,
  newest: (key: string) => NewestItem,
  at: JudgedAt,
): Judgement | TransactionRefusal {
  if (operations.length === 1 && compares.length === 0) return judgeSingle(operations[0]!, newest(operations[0]!.key), at);
  const held = compares.every((compare) => holds(compare, newest(compare.key)));
  const written = new Written(at.seq);
  const results: KeyResult[] = [];
  let bytes = 0;
  let index = 0;
  for (const operation of held ? operations : otherwise) {
    const item = written.get(operation.key) ?? newest(operation.key);
    const outcome = execute(operation, item, at);
    if (typeof outcome === 'string') return { refusal: outcome, operation: index, currentVersion: newest(operation.key).version };
    results.push(outcome.result);
    bytes += lengthOf(outcome.result.value) + lengthOf(outcome.after?.value);
    if (outcome.after !== undefined) written.set(outcome.after);
    if (bytes > maxTransactionBytes)
      return { refusal: 'MESSAGE_TOO_LARGE', operation: index, currentVersion: newest(operation.key).version };
    index++;
  }
  return { held, writes: written.writes, results };
}

const noWrites: readonly KeyWrite[] = [];

/** Nearly all transactions are a single operation without compares. */
function judgeSingle(operation: KeyOperation, item: NewestItem, at: JudgedAt): Judgement | TransactionRefusal {
  const outcome = execute(operation, item, at);
  if (typeof outcome === 'string') return { refusal: outcome, operation: 0, currentVersion: item.version };
  const { result, after } = outcome;
  if (lengthOf(result.value) + lengthOf(after?.value) > maxTransactionBytes)
    return { refusal: 'MESSAGE_TOO_LARGE', operation: 0, currentVersion: item.version };
  return { held: true, writes: after === undefined ? noWrites : [after], results: [result] };
}

/** From this many keys on, a map finds the write of a key. */
const manyKeys = 16;

/** What the operations so far have written, in the order in which they first wrote each key. */
class Written {
  readonly writes: KeyWrite[] = [];
  readonly #seq: Seq;
  /** By key: where its write is. */
  #places: Map<string, number> | undefined;

  constructor(seq: Seq) {
    this.#seq = seq;
  }

  /** What is there under the key; undefined: no operation has written it. */
  get(key: string): FoundItem | undefined {
    const place = this.#placeOf(key);
    if (place < 0) return undefined;
    const { value, expiresAtMs } = this.writes[place]!;
    return value === undefined ? { value, version: 0 } : { value, version: this.#seq, expiresAtMs };
  }

  set(write: KeyWrite): void {
    const place = this.#placeOf(write.key);
    if (place >= 0) {
      this.writes[place] = write;
      return;
    }
    this.#places?.set(write.key, this.writes.length);
    this.writes.push(write);
    if (this.writes.length === manyKeys) this.#places = new Map(this.writes.map(({ key }, index) => [key, index]));
  }

  #placeOf(key: string): number {
    if (this.#places !== undefined) return this.#places.get(key) ?? -1;
    const { writes } = this;
    for (let place = 0; place < writes.length; place++) if (writes[place]!.key === key) return place;
    return -1;
  }
}

function lengthOf(value: Uint8Array | undefined): number {
  return value?.length ?? 0;
}

function holds({ exists, ...condition }: Compare, item: FoundItem): boolean {
  if (exists !== undefined && exists !== (item.value !== undefined)) return false;
  return mismatchOf(condition, item) === undefined;
}

function mismatchOf({ ifVersion, ifValue }: KeyCondition, { value, version }: FoundItem): JudgedRefusal | undefined {
  if (ifVersion !== undefined && ifVersion !== version) return 'VERSION_MISMATCH';
  if (ifValue !== undefined && (value === undefined || !isSameValue(ifValue, value))) return 'VALUE_MISMATCH';
  return undefined;
}

interface Done {
  readonly result: KeyResult;
  /** Undefined: the operation wrote nothing. */
  readonly after?: KeyWrite;
}

function execute(operation: KeyOperation, item: NewestItem, at: JudgedAt): Done | JudgedRefusal {
  switch (operation.kind) {
    case 'get':
      return { result: { value: kept(item), version: item.version, expiresAtMs: item.expiresAtMs } };
    case 'put':
      return mismatchOf(operation, item) ?? wrote(operation.key, operation.value, operation.expiry, item, at);
    case 'delete':
      return mismatchOf(operation, item) ?? removed(operation.key, item, at.seq);
    case 'getAndSet':
      return wrote(operation.key, operation.value, operation.expiry, item, at, {
        value: kept(item),
        previousVersion: item.version,
      });
    case 'getAndDelete': {
      const { result, ...rest } = removed(operation.key, item, at.seq);
      return { result: { ...result, value: kept(item), previousVersion: item.version }, ...rest };
    }
    case 'touch':
      return item.value === undefined ? nothingThere : wrote(operation.key, kept(item), operation, item, at, { existed: true });
    case 'persist':
      return item.expiresAtMs === undefined
        ? { result: { version: 0, existed: item.value !== undefined } }
        : wrote(operation.key, kept(item), undefined, item, at, { existed: true });
    case 'increment':
      return increment(operation, item, at);
    case 'append':
      return spliced(item, item.value?.length ?? 0, operation, at);
    case 'setRange':
      return spliced(item, operation.offset, operation, at);
  }
}

/** The value, in a form that does not change with the storage. */
function kept({ value, isStored }: NewestItem): Uint8Array | undefined {
  return isStored ? value?.slice() : value;
}

const nothingThere: Done = { result: { version: 0, existed: false } };

/** @param result what the operation answers beside the version and the expiry */
function wrote(
  key: string,
  value: Uint8Array | undefined,
  expiry: Expiry | undefined,
  item: FoundItem,
  at: JudgedAt,
  result?: Partial<KeyResult>,
): Done {
  const version = at.seq;
  const expiresAtMs = expiryOf(expiry, item, at);
  if (expiresAtMs === undefined) return { result: result ? { ...result, version } : { version }, after: { key, value } };
  return { result: { ...result, version, expiresAtMs }, after: { key, value, expiresAtMs } };
}

function expiryOf(expiry: Expiry | undefined, item: FoundItem, at: JudgedAt): number | undefined {
  return expiry === 'keep' ? item.expiresAtMs : expiry && at.expiryAfter(expiry.ttlMs);
}

/** A delete of nothing writes nothing. */
function removed(key: string, item: FoundItem, seq: Seq): Done {
  if (item.value === undefined) return { result: { version: 0 } };
  return { result: { version: seq }, after: { key, value: undefined } };
}

function increment(operation: Extract<KeyOperation, { kind: 'increment' }>, item: FoundItem, at: JudgedAt): Done | JudgedRefusal {
  const { by, initial, min, max } = operation;
  if (min === undefined && max === undefined) {
    const one = readPlainInteger(item.value ?? initial);
    const other = readPlainInteger(by);
    if (one !== undefined && other !== undefined) return counted(String(one + other), operation, item, at);
  }
  const before = readDecimal(item.value === undefined ? initial : textOf(item.value));
  const step = readDecimal(by);
  if (before === undefined || step === undefined) return 'NOT_A_NUMBER';
  const sum = before + step;
  const [low, high] = [min, max].map((bound) => (bound === undefined ? undefined : readDecimal(bound)));
  const isInBounds = (low === undefined || sum >= low) && (high === undefined || sum <= high);
  if (!isInRange(sum) || !isInBounds) return 'OUT_OF_RANGE';
  return counted(writeDecimal(sum), operation, item, at);
}

function counted(
  text: string,
  { key, expiry }: Extract<KeyOperation, { kind: 'increment' }>,
  item: FoundItem,
  at: JudgedAt,
): Done {
  const version = at.seq;
  const value = bytesOf(text);
  const expiresAtMs = expiryOf(expiry, item, at);
  if (expiresAtMs === undefined) return { result: { version, value }, after: { key, value } };
  return { result: { version, value, expiresAtMs }, after: { key, value, expiresAtMs } };
}

/** Longer than every number. */
const maxNumberBytes = 64;

function textOf(bytes: Uint8Array): string {
  return bytes.length > maxNumberBytes ? '' : String.fromCharCode(...bytes);
}

function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

function spliced(
  item: FoundItem,
  offset: number,
  operation: Extract<KeyOperation, { kind: 'append' | 'setRange' }>,
  at: JudgedAt,
): Done | JudgedRefusal {
  const { value: before = noBytes } = item;
  const { value, maxBytes } = operation;
  const valueBytes = Math.max(before.length, offset + value.length);
  if (valueBytes > maxBytes) return 'VALUE_TOO_LARGE';
  const after = new Uint8Array(valueBytes);
  after.set(before);
  after.set(value, offset);
  return wrote(operation.key, after, operation.expiry, item, at, { valueBytes });
}

const noBytes = new Uint8Array(0);

function isSameValue(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  // A loop compares ten times as many bytes in a turn as `every`.
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}
