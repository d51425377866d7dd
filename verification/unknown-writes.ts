/** Selects the unknown writes of a group of keys that can matter, and finds those that are alike. Pure. */
import { type KeyedCall, namedKeys, type Operation } from './history.js';

export interface UnknownWrite extends Operation {
  readonly keys: ReadonlySet<string>;
  /** Writes with the same likeness differ only in their start. Undefined: the write is like no other. */
  readonly likeness: string | undefined;
}

/**
 * Leaves out writes that no answer can show: a put whose value no read returns, if no other answer depends on it.
 * Only keys with nothing but gets, puts and deletes permit this. Elsewhere every unknown write may matter.
 *
 * @param operations all operations on the group, in order of invocation
 * @param answered the answered ones among them
 */
export function unknownWrites(operations: readonly Operation[], answered: readonly Operation[]): UnknownWrite[] {
  const unknown = operations.filter(({ call, outcome }) => outcome.kind === 'unknown' && mayWrite(call));
  if (unknown.length === 0) return [];
  const dependent = new Set(operations.filter((one) => !isPlain(one)).flatMap((one) => [...namedKeys(one)]));
  const plain = new Map<string, PlainKey>();
  const plainKey = (key: string): PlainKey | undefined => {
    if (dependent.has(key)) return undefined;
    if (!plain.has(key)) plain.set(key, plainKeyOf(key, unknown, answered));
    return plain.get(key);
  };
  return unknown.flatMap((operation) => {
    const likeness = likenessOf(operation, plainKey(operation.key));
    return likeness === 'unseen' ? [] : [{ ...operation, keys: namedKeys(operation), likeness: likeness?.text }];
  });
}

interface PlainKey {
  /** The values that reads returned. */
  readonly values: ReadonlySet<string>;
  /** Failed conditions and effective deletions show whether the key existed, and at which version. */
  readonly judged: boolean;
  readonly absenceSeen: boolean;
}

function plainKeyOf(key: string, unknown: readonly Operation[], answered: readonly Operation[]): PlainKey {
  const here = answered.filter((one) => one.key === key);
  const isJudged = ({ call, outcome }: Operation): boolean =>
    isConditional(call) || (call.kind === 'delete' && outcome.kind === 'written');
  return {
    values: new Set(here.flatMap(({ outcome }) => (outcome.kind === 'found' ? [outcome.value] : []))),
    judged: here.some(isJudged) || unknown.some((one) => one.key === key && isConditional(one.call)),
    absenceSeen: here.some(({ outcome }) => outcome.kind === 'missing' || outcome.kind === 'nothingToDelete'),
  };
}

/** Undefined: the write is like no other. */
function likenessOf({ key, call }: Operation, plain: PlainKey | undefined): { readonly text: string } | 'unseen' | undefined {
  if (plain === undefined || (call.kind !== 'put' && call.kind !== 'delete')) return { text: JSON.stringify([key, call]) };
  const isSeen = call.kind === 'put' ? plain.values.has(call.value) : plain.absenceSeen;
  if (!plain.judged && !isSeen) return 'unseen';
  if (call.kind === 'put' && isSeen) return undefined;
  return { text: JSON.stringify([key, call.kind, call.ifVersion]) };
}

function mayWrite(call: Operation['call']): boolean {
  if (call.kind !== 'transact') return call.kind !== 'get';
  return [...call.operations, ...call.otherwise].some((one: KeyedCall) => one.call.kind !== 'get');
}

function isPlain({ call }: Operation): boolean {
  return call.kind === 'get' || ((call.kind === 'put' || call.kind === 'delete') && call.ifValue === undefined);
}

function isConditional(call: Operation['call']): boolean {
  return 'ifVersion' in call && call.ifVersion !== undefined;
}
