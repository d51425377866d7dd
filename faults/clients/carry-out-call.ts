/** Makes a call of a history with `KvClient`, and reads the answer as an outcome of the history. */
import {
  type CallOptions,
  type IncrementOutcome,
  type KvClient,
  type LengthOutcome,
  op,
  type PreparedOperation,
  type ReplacedOutcome,
  type VersionedValue,
} from '../../src/index.js';
import type { Call, Outcome } from '../../verification/index.js';

type Transaction = Extract<Call, { kind: 'transact' }>;
type SingleCall = Exclude<Call, Transaction>;
type SingleOutcome = Extract<Outcome, { kind: 'transacted' }>['results'][number];

/** @throws KvError */
export function carryOutCall(client: KvClient, key: string, call: Call, options: CallOptions): Promise<Outcome> {
  return call.kind === 'transact' ? transact(client, call, options) : single(client, key, call, options);
}

async function single(client: KvClient, key: string, call: SingleCall, options: CallOptions): Promise<Outcome> {
  switch (call.kind) {
    case 'get':
      return found(await client.get(key, options));
    case 'put':
      return written(await client.put(key, call.value, { ...options, ...conditionOf(call), ...expiryOf(call) }));
    case 'delete':
      return deleted(await client.delete(key, { ...options, ...conditionOf(call) }));
    case 'getAndSet':
      return replaced(await client.getAndSet(key, call.value, options));
    case 'getAndDelete':
      return replaced(await client.getAndDelete(key, options));
    case 'increment':
      return sum(await client.increment(key, { ...options, ...boundsOf(call) }));
    case 'append':
      return length(await client.append(key, call.value, { ...options, ...limitOf(call) }));
    case 'setRange':
      return length(await client.setRange(key, call.offset, call.value, { ...options, ...limitOf(call) }));
  }
}

async function transact(
  client: KvClient,
  { compares, operations, otherwise }: Transaction,
  options: CallOptions,
): Promise<Outcome> {
  const conditions = compares.map(({ key, exists, ifVersion, ifValue }) => ({
    key,
    ...(exists === undefined ? {} : { exists }),
    ...(ifVersion === undefined ? {} : { version: ifVersion }),
    ...(ifValue === undefined ? {} : { value: ifValue }),
  }));
  const input = { if: conditions, do: operations.map(prepared), otherwise: otherwise.map(prepared) };
  const { held, version, results } = await client.transact(input, options);
  return { kind: 'transacted', held, version, results };
}

/** The operation of a transaction whose result is an outcome. */
function prepared({ key, call }: Transaction['operations'][number]): PreparedOperation<SingleOutcome> {
  switch (call.kind) {
    case 'get':
      return reading(op.get(key), found);
    case 'put':
      return reading(op.put(key, call.value, { ...conditionOf(call), ...expiryOf(call) }), written);
    case 'delete':
      return reading(op.delete(key, conditionOf(call)), deleted);
    case 'getAndSet':
      return reading(op.getAndSet(key, call.value), replaced);
    case 'getAndDelete':
      return reading(op.getAndDelete(key), replaced);
    case 'increment':
      return reading(op.increment(key, boundsOf(call)), sum);
    case 'append':
      return reading(op.append(key, call.value, limitOf(call)), length);
    case 'setRange':
      return reading(op.setRange(key, call.offset, call.value, limitOf(call)), length);
  }
}

function reading<Result>(
  operation: PreparedOperation<Result>,
  outcomeOf: (result: Result) => SingleOutcome,
): PreparedOperation<SingleOutcome> {
  return { ...operation, read: (result) => outcomeOf(operation.read(result)) };
}

function found(item: VersionedValue | undefined): SingleOutcome {
  return item === undefined ? { kind: 'missing' } : { kind: 'found', value: item.value.toString(), version: item.version };
}
function written({ version }: { readonly version: number }): SingleOutcome {
  return { kind: 'written', version };
}
function deleted({ existed, version }: { readonly existed: boolean; readonly version: number }): SingleOutcome {
  return existed ? { kind: 'written', version } : { kind: 'nothingToDelete' };
}
function replaced({ previous, version }: ReplacedOutcome): SingleOutcome {
  return { kind: 'replaced', value: previous?.value.toString(), previousVersion: previous?.version ?? 0, version };
}
function sum({ value, version }: IncrementOutcome): SingleOutcome {
  return { kind: 'sum', value, version };
}
function length({ valueBytes, version }: LengthOutcome): SingleOutcome {
  return { kind: 'length', valueBytes, version };
}

function conditionOf({ ifVersion, ifValue }: Extract<SingleCall, { kind: 'put' | 'delete' }>) {
  return { ...(ifVersion === undefined ? {} : { ifVersion }), ...(ifValue === undefined ? {} : { ifValue }) };
}
function expiryOf({ ttlMs }: Extract<SingleCall, { kind: 'put' }>) {
  return ttlMs === undefined ? {} : { ttlMs };
}
function boundsOf({ by, min, max }: Extract<SingleCall, { kind: 'increment' }>) {
  return { by, ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
}
function limitOf({ maxBytes }: Extract<SingleCall, { kind: 'append' | 'setRange' }>) {
  return maxBytes === undefined ? {} : { maxBytes };
}
