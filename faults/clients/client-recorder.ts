/**
 * Records a call as an operation of a history, with its times on the clock of the machine.
 *
 * The clock is CLOCK_MONOTONIC, which all processes of a machine share. It is read before the call begins and after it
 * has ended, so the true times lie between.
 */
import { type CallOptions, type KvClient, KvError } from '../../src/index.js';
import type { Call, Operation, Outcome } from '../../verification/index.js';
import { carryOutCall } from './carry-out-call.js';

/** Refusals by what is stored, VERSION_MISMATCH aside: the operation was judged, and the judgement is a part of the history. */
const declined: ReadonlySet<string> = new Set(['VALUE_MISMATCH', 'NOT_A_NUMBER', 'OUT_OF_RANGE', 'VALUE_TOO_LARGE']);

export function nowUs(): number {
  return Number(process.hrtime.bigint()) / 1_000;
}

/** Makes the call on `client`. */
export function recordedCall(
  client: KvClient,
  worker: string,
  key: string,
  call: Call,
  options: CallOptions,
): Promise<Operation> {
  return recorded(worker, key, call, () => carryOutCall(client, key, call, options));
}

/** Records a call that `make` performs. */
export async function recorded(worker: string, key: string, call: Call, make: () => Promise<Outcome>): Promise<Operation> {
  const invokedAtUs = nowUs();
  let outcome: Outcome;
  try {
    outcome = await make();
  } catch (error) {
    outcome = outcomeOfError(call, error);
  }
  return { client: worker, key, call, invokedAtUs, returnedAtUs: nowUs(), outcome };
}

function outcomeOfError(call: Call, error: unknown): Outcome {
  // An error other than a KvError proves nothing, so the operation may have been executed.
  if (!(error instanceof KvError)) return { kind: 'unknown', code: String(error) };
  const { code, executed, currentVersion, message } = error;
  if (executed !== 'no') return { kind: 'unknown', code, reason: message };
  if (code === 'VERSION_MISMATCH' && call.kind === 'transact') return { kind: 'declined', code };
  if (code === 'VERSION_MISMATCH' && currentVersion !== undefined) return { kind: 'mismatch', version: currentVersion };
  return { kind: declined.has(code) ? 'declined' : 'refused', code };
}
