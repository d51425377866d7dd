/**
 * Records a call as an operation of a history, with its times on the clock of the machine.
 *
 * The clock is CLOCK_MONOTONIC, which all processes of a machine share. It is read before the call begins and after it
 * has ended, so the true times lie between.
 */
import { type KvClient, KvError } from '../../src/index.js';
import type { Operation, Outcome, PlainCall } from '../../verification/index.js';

export function nowUs(): number {
  return Number(process.hrtime.bigint()) / 1_000;
}

/** Makes the call on `client`. */
export function recordedCall(
  client: KvClient,
  worker: string,
  key: string,
  call: PlainCall,
  deadlineMs: number,
): Promise<Operation> {
  return recorded(worker, key, call, () => carryOut(client, key, call, deadlineMs));
}

/** Records a call that `make` performs. */
export async function recorded(worker: string, key: string, call: PlainCall, make: () => Promise<Outcome>): Promise<Operation> {
  const invokedAtUs = nowUs();
  let outcome: Outcome;
  try {
    outcome = await make();
  } catch (error) {
    // An error other than a KvError proves nothing, so the operation may have been executed.
    if (!(error instanceof KvError)) outcome = { kind: 'unknown', code: String(error) };
    else if (error.code === 'VERSION_MISMATCH' && error.currentVersion !== undefined)
      outcome = { kind: 'mismatch', version: error.currentVersion };
    else outcome = { kind: error.executed === 'no' ? 'refused' : 'unknown', code: error.code };
  }
  return { client: worker, key, call, invokedAtUs, returnedAtUs: nowUs(), outcome };
}

async function carryOut(client: KvClient, key: string, call: PlainCall, deadlineMs: number): Promise<Outcome> {
  switch (call.kind) {
    case 'get': {
      const found = await client.get(key, { deadlineMs });
      return found === undefined ? { kind: 'missing' } : { kind: 'found', value: found.value.toString(), version: found.version };
    }
    case 'put': {
      const condition = call.ifVersion === undefined ? {} : { ifVersion: call.ifVersion };
      const { version } = await client.put(key, call.value, { deadlineMs, ...condition });
      return { kind: 'written', version };
    }
    case 'delete': {
      const condition = call.ifVersion === undefined ? {} : { ifVersion: call.ifVersion };
      const { existed, version } = await client.delete(key, { deadlineMs, ...condition });
      return existed ? { kind: 'written', version } : { kind: 'nothingToDelete' };
    }
  }
}
