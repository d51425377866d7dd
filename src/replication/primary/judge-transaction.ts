/**
 * Computes what a transaction does to what is there: the resulting values, one for each key, and the result of every operation, or
 * why it is refused as a whole. It changes nothing.
 */
import type { Refusal } from '../protocol/effect.js';
import type { Seq } from '../protocol/ids.js';
import type { KeyWrite } from '../protocol/log-entry.js';
import type { Compare, FoundItem, KeyCondition, KeyOperation, KeyResult, Transaction } from '../protocol/transaction.js';
import { isInRange, readDecimal, writeDecimal } from './decimal.js';

export interface Judgement {
  /** Whether every compare held. */
  readonly held: boolean;
  /** Empty: nothing changes, and no entry is written. */
  readonly writes: readonly KeyWrite[];
  readonly results: readonly KeyResult[];
}

export interface TransactionRefusal {
  readonly refusal: Refusal;
  /** Number of the refused operation in its list. */
  readonly operation: number;
  /** The version of its key before the transaction. */
  readonly currentVersion: Seq;
}

/**
 * @param newest what is there under a key of the transaction
 * @param seq the version of what the transaction writes
 */
export function judgeTransaction(
  { compares, operations, otherwise }: Transaction,
  newest: (key: string) => FoundItem,
  seq: Seq,
): Judgement | TransactionRefusal {
  const held = compares.every((compare) => holds(compare, newest(compare.key)));
  const written = new Map<string, FoundItem>();
  const results: KeyResult[] = [];
  for (const [index, operation] of (held ? operations : otherwise).entries()) {
    const item = written.get(operation.key) ?? newest(operation.key);
    const outcome = execute(operation, item, seq);
    if (typeof outcome === 'string') return { refusal: outcome, operation: index, currentVersion: newest(operation.key).version };
    results.push(outcome.result);
    if (outcome.after !== undefined)
      written.set(operation.key, { value: outcome.after.value, version: outcome.after.value === undefined ? 0 : seq });
  }
  return { held, writes: [...written].map(([key, { value }]) => ({ key, value })), results };
}

function holds({ exists, ...condition }: Compare, item: FoundItem): boolean {
  if (exists !== undefined && exists !== (item.value !== undefined)) return false;
  return mismatchOf(condition, item) === undefined;
}

function mismatchOf({ ifVersion, ifValue }: KeyCondition, { value, version }: FoundItem): Refusal | undefined {
  if (ifVersion !== undefined && ifVersion !== version) return 'VERSION_MISMATCH';
  if (ifValue !== undefined && (value === undefined || !isSameValue(ifValue, value))) return 'VALUE_MISMATCH';
  return undefined;
}

interface Done {
  readonly result: KeyResult;
  /** Undefined: the operation wrote nothing. */
  readonly after?: { readonly value: Uint8Array | undefined };
}

function execute(operation: KeyOperation, item: FoundItem, seq: Seq): Done | Refusal {
  switch (operation.kind) {
    case 'get':
      return { result: { value: item.value, version: item.version } };
    case 'put':
      return mismatchOf(operation, item) ?? { result: { version: seq }, after: { value: operation.value } };
    case 'delete':
      return mismatchOf(operation, item) ?? removed(item, seq);
    case 'getAndSet': {
      const result = { version: seq, value: item.value, previousVersion: item.version };
      return { result, after: { value: operation.value } };
    }
    case 'getAndDelete': {
      const { result, ...rest } = removed(item, seq);
      return { result: { ...result, value: item.value, previousVersion: item.version }, ...rest };
    }
    case 'increment':
      return increment(operation, item, seq);
    case 'append':
      return spliced(item, item.value?.length ?? 0, operation, seq);
    case 'setRange':
      return spliced(item, operation.offset, operation, seq);
  }
}

/** A delete of nothing writes nothing. */
function removed(item: FoundItem, seq: Seq): Done {
  if (item.value === undefined) return { result: { version: 0 } };
  return { result: { version: seq }, after: { value: undefined } };
}

function increment(
  { by, initial, min, max }: Extract<KeyOperation, { kind: 'increment' }>,
  item: FoundItem,
  seq: Seq,
): Done | Refusal {
  const before = readDecimal(item.value === undefined ? initial : textOf(item.value));
  const step = readDecimal(by);
  if (before === undefined || step === undefined) return 'NOT_A_NUMBER';
  const sum = before + step;
  const [low, high] = [min, max].map((bound) => (bound === undefined ? undefined : readDecimal(bound)));
  const isInBounds = (low === undefined || sum >= low) && (high === undefined || sum <= high);
  if (!isInRange(sum) || !isInBounds) return 'OUT_OF_RANGE';
  const value = bytesOf(writeDecimal(sum));
  return { result: { version: seq, value }, after: { value } };
}

/** Longer than every number. */
const maxNumberBytes = 64;

function textOf(bytes: Uint8Array): string {
  return bytes.length > maxNumberBytes ? '' : String.fromCharCode(...bytes);
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (digit) => digit.charCodeAt(0));
}

function spliced(
  { value: before = noBytes }: FoundItem,
  offset: number,
  { value, maxBytes }: { readonly value: Uint8Array; readonly maxBytes: number },
  seq: Seq,
): Done | Refusal {
  const valueBytes = Math.max(before.length, offset + value.length);
  if (valueBytes > maxBytes) return 'VALUE_TOO_LARGE';
  const after = new Uint8Array(valueBytes);
  after.set(before);
  after.set(value, offset);
  return { result: { version: seq, valueBytes }, after: { value: after } };
}

const noBytes = new Uint8Array(0);

function isSameValue(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
