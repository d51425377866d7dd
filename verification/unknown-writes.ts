/** The writes with an unknown outcome of one key that can be of any consequence, and which of them are alike. Pure. */
import type { Operation } from './history.js';
import { conditionOf } from './register.js';

export interface UnknownWrite extends Operation {
  /** Those with the same one differ in nothing but when they began. Undefined: like no other. */
  readonly likeness: string | undefined;
}

/**
 * Leaves out what nothing can have seen: a put whose value is read nowhere, where nothing else tells of it.
 *
 * @param operations of one key, in order of invocation.
 * @param answered those of them that were answered.
 */
export function unknownWrites(operations: readonly Operation[], answered: readonly Operation[]): UnknownWrite[] {
  const values = new Set(answered.map(({ outcome }) => (outcome.kind === 'found' ? outcome.value : undefined)));
  const unknown = operations.filter(({ call, outcome }) => outcome.kind === 'unknown' && call.kind !== 'get');
  // Whether there was a key at all, or at which version, is told by conditions and by deletions that met one.
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
