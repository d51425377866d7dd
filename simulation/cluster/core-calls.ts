/** The calls of a history as transactions of the core, and the core's answers as outcomes of the history. */
import type { Answer, Transaction } from '../../src/replication/index.js';
import type { Call, Outcome } from '../../verification/index.js';
import { require } from '../safety/violation.js';
import { callResultOf, coreComparisonOf, coreOperationOf, textOfBytes } from './core-operations.js';

type RichCall = Exclude<Call, { kind: 'get' }>;

/** Refusals by what is stored, that of a plain write by its version aside. */
const declining: ReadonlySet<string> = new Set([
  'VERSION_MISMATCH',
  'VALUE_MISMATCH',
  'NOT_A_NUMBER',
  'OUT_OF_RANGE',
  'VALUE_TOO_LARGE',
]);

/** `ttlMs`: of its puts (R17). Undefined: a plain put or delete, which is an event of its own in the core. */
export function transactionOf(key: string, call: RichCall, ttlMs: number | undefined): Transaction | undefined {
  if (call.kind === 'put' || call.kind === 'delete') return undefined;
  if (call.kind !== 'transact') return { compares: [], operations: [coreOperationOf({ key, call }, ttlMs)], otherwise: [] };
  const { compares, operations, otherwise } = call;
  return {
    compares: compares.map(coreComparisonOf),
    operations: operations.map((one) => coreOperationOf(one, ttlMs)),
    otherwise: otherwise.map((one) => coreOperationOf(one, ttlMs)),
  };
}

/** Undefined: definitely not executed, and worth another try. */
export function outcomeOfAnswer(call: RichCall, answer: Answer): Outcome | undefined {
  switch (answer.kind) {
    case 'written':
      return { kind: 'written', version: answer.version };
    case 'nothingToDelete':
      return { kind: 'nothingToDelete' };
    case 'transacted': {
      const { held, version, results: given } = answer;
      const executed = call.kind !== 'transact' ? [{ key: '', call }] : held ? call.operations : call.otherwise;
      require(executed.length === given.length, () => `${executed.length} operations have ${given.length} results`);
      const results = given.map((one, index) => callResultOf(executed[index]!, one));
      return call.kind === 'transact' ? { kind: 'transacted', held, version, results } : results[0];
    }
    case 'refused':
      return outcomeOfRefusal(call, answer);
    default:
      return undefined;
  }
}

function outcomeOfRefusal(
  call: RichCall,
  { refusal, currentVersion = 0 }: Extract<Answer, { kind: 'refused' }>,
): Outcome | undefined {
  if (refusal === 'OUTCOME_UNKNOWN') return { kind: 'unknown', code: refusal };
  const isPlain = call.kind === 'put' || call.kind === 'delete';
  if (isPlain && refusal === 'VERSION_MISMATCH') return { kind: 'mismatch', version: currentVersion };
  return declining.has(refusal) ? { kind: 'declined', code: refusal } : undefined;
}

export function outcomeOfRead(item: { readonly value: Uint8Array; readonly version: number } | undefined): Outcome {
  return item === undefined ? { kind: 'missing' } : { kind: 'found', value: textOfBytes(item.value), version: item.version };
}
