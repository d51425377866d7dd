/**
 * Keys that are judged by the code of the product, with the calls and answers of histories: the checker's model must
 * agree with them.
 */

import { callResultOf, coreComparisonOf, coreOperationOf, textOfBytes } from '../simulation/cluster/core-operations.js';
import { judgeTransaction } from '../src/replication/primary/judge-transaction.js';
import type { Call, Outcome } from './history.js';

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
    compares: compares.map(coreComparisonOf),
    operations: operations.map((one) => coreOperationOf(one)),
    otherwise: otherwise.map((one) => coreOperationOf(one)),
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
  const results = judged.results.map((one, index) => callResultOf((judged.held ? operations : otherwise)[index]!, one));
  if (call.kind !== 'transact') return { keys: next, outcome: results[0]! };
  const version = judged.writes.length > 0 ? seq : 0;
  return { keys: next, outcome: { kind: 'transacted', held: judged.held, version, results } };
}

export function textAt(keys: LiveKeys, key: string): string | undefined {
  const value = keys[key]?.value;
  return value && textOfBytes(value);
}
