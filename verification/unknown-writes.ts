/** Selects the unknown writes of one key that can matter, and finds those that are alike. Pure. */
import type { Operation } from './history.js';
import { conditionOf } from './register.js';

export interface UnknownWrite extends Operation {
  /** Writes with the same likeness differ only in their start. Undefined: the write is like no other. */
  readonly likeness: string | undefined;
}

/**
 * Leaves out writes that no answer can show: a put whose value no read returns, if no other answer depends on it.
 *
 * @param operations all operations on one key, in order of invocation
 * @param answered the answered ones among them
 */
export function unknownWrites(operations: readonly Operation[], answered: readonly Operation[]): UnknownWrite[] {
  const values = new Set(answered.map(({ outcome }) => (outcome.kind === 'found' ? outcome.value : undefined)));
  const unknown = operations.filter(({ call, outcome }) => outcome.kind === 'unknown' && call.kind !== 'get');
  // Failed conditions and effective deletions show whether the key existed, and at which version.
  const judged =
    unknown.some(({ call }) => conditionOf(call) !== undefined) ||
    answered.some(
      ({ call, outcome }) => conditionOf(call) !== undefined || (call.kind === 'delete' && outcome.kind === 'written'),
    );
  const absenceSeen = answered.some(({ outcome }) => outcome.kind === 'missing' || outcome.kind === 'nothingToDelete');
  const matters = ({ call }: Operation): boolean => judged || (call.kind === 'put' ? values.has(call.value) : absenceSeen);
  return unknown.filter(matters).map((operation) => ({ ...operation, likeness: likenessOf(operation, values) }));
}

function likenessOf({ call }: Operation, values: ReadonlySet<string | undefined>): string | undefined {
  if (call.kind === 'delete') return `delete ${call.ifVersion ?? ''}`;
  return call.kind === 'put' && !values.has(call.value) ? `put ${call.ifVersion ?? ''}` : undefined;
}
