/**
 * Keys that are judged by the code of the product, with the calls and answers of histories: the checker's model must
 * agree with them.
 */
import { judgeTransaction } from '../src/replication/primary/judge-transaction.js';
import type { Compare, KeyOperation, KeyResult } from '../src/replication/protocol/transaction.js';
import type { Call, CallResult, Comparison, KeyedCall, Outcome, SingleCall } from './history.js';

export interface LiveKey {
  readonly value: Uint8Array | undefined;
  readonly version: number;
  /** The highest version of the key so far. */
  readonly highest: number;
}
export type LiveKeys = Readonly<Record<string, LiveKey>>;

const absent: LiveKey = { value: undefined, version: 0, highest: 0 };

/** Executes a call whose writes get the version `seq`. */
export function executeOn(keys: LiveKeys, key: string, call: Call, seq: number): { keys: LiveKeys; outcome: Outcome } {
  const { compares, operations, otherwise } =
    call.kind === 'transact' ? call : { compares: [], operations: [{ key, call }], otherwise: [] };
  const transaction = {
    compares: compares.map(comparisonOf),
    operations: operations.map(operationOf),
    otherwise: otherwise.map(operationOf),
  };
  const judged = judgeTransaction(transaction, (one) => keys[one] ?? absent, { seq, expiryAfter: (ttlMs) => ttlMs });
  if ('refusal' in judged) {
    const isMismatch = judged.refusal === 'VERSION_MISMATCH' && call.kind !== 'transact';
    if (isMismatch) return { keys, outcome: { kind: 'mismatch', version: judged.currentVersion } };
    return { keys, outcome: { kind: 'declined', code: judged.refusal } };
  }
  const next = { ...keys };
  for (const write of judged.writes)
    next[write.key] = { value: write.value, version: write.value === undefined ? 0 : seq, highest: seq };
  const results = judged.results.map((one, index) => resultOf((judged.held ? operations : otherwise)[index]!.call, one));
  if (call.kind !== 'transact') return { keys: next, outcome: results[0]! };
  const version = judged.writes.length > 0 ? seq : 0;
  return { keys: next, outcome: { kind: 'transacted', held: judged.held, version, results } };
}

export function textAt(keys: LiveKeys, key: string): string | undefined {
  const value = keys[key]?.value;
  return value && new TextDecoder().decode(value);
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function conditionOf({ ifVersion, ifValue }: Omit<Comparison, 'key'>) {
  return { ifVersion, ifValue: ifValue === undefined ? undefined : bytes(ifValue) };
}

function comparisonOf({ key, exists, ...condition }: Comparison): Compare {
  return { key, exists, ...conditionOf(condition) };
}

function operationOf({ key, call }: KeyedCall): KeyOperation {
  switch (call.kind) {
    case 'put':
      return { kind: 'put', key, value: bytes(call.value), ...conditionOf(call) };
    case 'delete':
      return { kind: 'delete', key, ...conditionOf(call) };
    case 'getAndSet':
      return { kind: 'getAndSet', key, value: bytes(call.value) };
    case 'increment':
      return { ...call, key, initial: call.initial ?? '0' };
    case 'append':
      return { kind: 'append', key, value: bytes(call.value), maxBytes: call.maxBytes ?? 1_000 };
    case 'setRange':
      return { kind: 'setRange', key, offset: call.offset, value: bytes(call.value), maxBytes: call.maxBytes ?? 1_000 };
    default:
      return { kind: call.kind, key };
  }
}

function resultOf(call: SingleCall, { version, value, previousVersion = 0, valueBytes = 0 }: KeyResult): CallResult {
  const text = value && new TextDecoder().decode(value);
  switch (call.kind) {
    case 'get':
      return text === undefined ? { kind: 'missing' } : { kind: 'found', value: text, version };
    case 'put':
      return { kind: 'written', version };
    case 'delete':
      return version === 0 ? { kind: 'nothingToDelete' } : { kind: 'written', version };
    case 'getAndSet':
    case 'getAndDelete':
      return { kind: 'replaced', value: text, previousVersion, version };
    case 'increment':
      return { kind: 'sum', value: text ?? '', version };
    default:
      return { kind: 'length', valueBytes, version };
  }
}
