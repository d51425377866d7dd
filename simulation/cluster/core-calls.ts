/** The calls of a history as transactions of the core, and the core's answers as outcomes of the history. */
import type { Answer, KeyOperation, Transaction } from '../../src/replication/index.js';
import type { Call, CallResult, KeyedCall, Outcome } from '../../verification/index.js';
import { require } from '../safety/violation.js';

type RichCall = Exclude<Call, { kind: 'get' }>;
type CoreResult = Extract<Answer, { kind: 'transacted' }>['results'][number];

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
  if (call.kind !== 'transact') return { compares: [], operations: [operationOf({ key, call }, ttlMs)], otherwise: [] };
  const { compares, operations, otherwise } = call;
  return {
    compares: compares.map(({ ifValue, ...compare }) => ({
      ...compare,
      ifValue: ifValue === undefined ? undefined : bytesOfText(ifValue),
    })),
    operations: operations.map((one) => operationOf(one, ttlMs)),
    otherwise: otherwise.map((one) => operationOf(one, ttlMs)),
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
      const results = given.map((one, index) => resultOf(executed[index]!, one));
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

function operationOf({ key, call }: KeyedCall, ttlMs: number | undefined): KeyOperation {
  switch (call.kind) {
    case 'put':
      return { kind: 'put', key, value: bytesOfText(call.value), expiry: ttlMs === undefined ? undefined : { ttlMs } };
    case 'getAndSet':
      return { kind: 'getAndSet', key, value: bytesOfText(call.value) };
    case 'increment':
      return { ...call, key, initial: call.initial ?? '0' };
    case 'append':
    case 'setRange':
      return { ...call, key, value: bytesOfText(call.value), maxBytes: call.maxBytes ?? Number.MAX_SAFE_INTEGER };
    default:
      return { kind: call.kind, key };
  }
}

function resultOf({ call }: KeyedCall, { version, value, previousVersion = 0, valueBytes = 0 }: CoreResult): CallResult {
  const text = value && textOfBytes(value);
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

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function bytesOfText(text: string): Uint8Array {
  return encoder.encode(text);
}
export function textOfBytes(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
