/** Chooses the random calls of a worker. Pure. */
import { type Call, type CallPart, type KeyedCall, type Operation, partsOf } from '../../verification/index.js';
import type { Mix } from './client-wire.js';
import { groupOf, recordedKeyOf, useOf } from './recorded-keys.js';

type Transaction = Extract<Call, { kind: 'transact' }>;
type Comparison = Transaction['compares'][number];
type SingleCall = KeyedCall['call'];

/** What a worker saw last under a key. Its conditions use that, and fail if another worker has written meanwhile. */
export interface Seen {
  readonly version: number;
  /** Undefined: not known, or the key does not exist. */
  readonly value: string | undefined;
}

export interface Chooser {
  readonly mix: Mix;
  readonly keyspace: number;
  readonly random: () => number;
  readonly seen: ReadonlyMap<string, Seen>;
}

/** A text is limited to this length, so some appends are refused. */
const maxTextBytes = 96;
const maxOffset = 80;
/** No decrement brings a counter below this. */
const lowestCount = '0';
const mostCompares = 2;
const mostOperations = 4;
const mostOtherwise = 2;
const shareWithoutCompares = 0.4;
const shareOfVersions = 0.4;
const shareOfValues = 0.4;
/** Of the puts. Their keys expire after a time up to this, so some are overwritten and others are not. */
const shareOfTtls = 0.2;
const mostTtlMs = 3_000;
/** Of the operations of a transaction. One whose condition fails refuses the whole transaction. */
const shareOfConditions = 0.08;

/** `name` is unique in the run: what the call writes contains it. */
export function chooseCall(chooser: Chooser, index: number, name: string): Call {
  const { mix, random } = chooser;
  const total = mix.get + mix.write + mix.transact;
  return random() * total >= mix.transact ? chooseSingle(chooser, index, name, 1) : chooseTransaction(chooser, index, name);
}

/** What a worker knows of each key after an operation. */
export function seenAfter(operation: Operation): [key: string, seen: Seen][] {
  const { key, outcome } = operation;
  if (outcome.kind === 'mismatch') return [[key, { version: outcome.version, value: undefined }]];
  return partsOf(operation).flatMap((part): [string, Seen][] => {
    const seen = seenIn(part);
    return seen === undefined ? [] : [[part.key, seen]];
  });
}

function seenIn({ call, result }: CallPart): Seen | undefined {
  switch (result?.kind) {
    case 'found':
    case 'sum':
      return { version: result.version, value: result.value };
    case 'missing':
    case 'nothingToDelete':
      return { version: 0, value: undefined };
    case 'written':
      return call.kind === 'put' ? { version: result.version, value: call.value } : { version: 0, value: undefined };
    case 'replaced':
      return call.kind === 'getAndSet' ? { version: result.version, value: call.value } : { version: 0, value: undefined };
    case 'length':
      return { version: result.version, value: undefined };
    default:
      return undefined;
  }
}

function chooseSingle(chooser: Chooser, index: number, name: string, conditions: number): SingleCall {
  const { mix, random } = chooser;
  const pick = random() * (mix.get + mix.write);
  if (pick < mix.get) return { kind: 'get' };
  const use = useOf(index);
  if (use === 'counter') return chooseIncrement(random);
  return use === 'text' ? chooseText(chooser, name) : chooseReplacement(chooser, recordedKeyOf(index), name, conditions);
}

function chooseIncrement(random: () => number): SingleCall {
  const pick = random();
  if (pick < 0.7) return { kind: 'increment', by: '1' };
  return pick < 0.9 ? { kind: 'increment', by: '-1', min: lowestCount } : { kind: 'increment', by: '0.1' };
}

function chooseText({ random }: Chooser, name: string): SingleCall {
  const pick = random();
  if (pick < 0.5) return { kind: 'append', value: `+${name}`, maxBytes: maxTextBytes };
  if (pick < 0.75) return { kind: 'setRange', offset: Math.floor(random() * maxOffset), value: `=${name}` };
  return pick < 0.9 ? { kind: 'getAndSet', value: name } : { kind: 'getAndDelete' };
}

function chooseReplacement(chooser: Chooser, key: string, name: string, conditions: number): SingleCall {
  const { random, seen } = chooser;
  const { version = 0, value } = seen.get(key) ?? {};
  const pick = random();
  const isConditional = random() < conditions;
  const expiry = random() < shareOfTtls ? { ttlMs: 1 + Math.floor(random() * mostTtlMs) } : {};
  if (pick < 0.4 || !isConditional) {
    if (pick < 0.7) return { kind: 'put', value: name, ...expiry };
    if (pick < 0.8) return { kind: 'getAndSet', value: name };
    return pick < 0.9 ? { kind: 'getAndDelete' } : { kind: 'delete' };
  }
  if (pick < 0.7) return { kind: 'put', value: name, ifVersion: version, ...expiry };
  if (pick < 0.85)
    return value === undefined
      ? { kind: 'put', value: name, ifVersion: 0, ...expiry }
      : { kind: 'put', value: name, ifValue: value, ...expiry };
  if (version === 0) return { kind: 'delete' };
  return value === undefined || pick < 0.93 ? { kind: 'delete', ifVersion: version } : { kind: 'delete', ifValue: value };
}

function chooseTransaction(chooser: Chooser, index: number, name: string): Transaction {
  const { random, keyspace } = chooser;
  const group = groupOf(index, keyspace);
  const some = <Item>(most: number, make: (place: number) => Item): Item[] =>
    Array.from({ length: Math.floor(random() * (most + 1)) }, (_, place) => make(place));
  const any = (): number => group[Math.floor(random() * group.length)]!;
  const list =
    (branch: string) =>
    (place: number): KeyedCall => {
      const one = any();
      return { key: recordedKeyOf(one), call: chooseSingle(chooser, one, `${name}${branch}${place}`, shareOfConditions) };
    };
  const compares = random() < shareWithoutCompares ? [] : some(mostCompares, () => compare(chooser, recordedKeyOf(any())));
  const first = { key: recordedKeyOf(index), call: chooseSingle(chooser, index, `${name}f`, shareOfConditions) };
  return {
    kind: 'transact',
    compares,
    operations: withoutOwnVersions([first, ...some(mostOperations - 1, list('d'))]),
    otherwise: withoutOwnVersions(some(mostOtherwise, list('o'))),
  };
}

function compare({ random, seen }: Chooser, key: string): Comparison {
  const { version = 0, value } = seen.get(key) ?? {};
  const pick = random();
  if (pick < shareOfVersions) return { key, ifVersion: version };
  if (pick < shareOfVersions + shareOfValues && value !== undefined) return { key, ifValue: value };
  return { key, exists: version > 0 };
}

/** The version of a key that the transaction has changed before cannot be known. */
function withoutOwnVersions(operations: readonly KeyedCall[]): KeyedCall[] {
  return operations.map(({ key, call }, place) => {
    const isFirst = operations.findIndex((one) => one.key === key) === place;
    if (isFirst || !('ifVersion' in call)) return { key, call };
    const { ifVersion: _, ...unconditional } = call;
    return { key, call: unconditional };
  });
}
