/**
 * The naive twin of the checker. It tries every order, every subset of the unknown writes and every version they may
 * have. It shares only the types with the search, and is fast enough for histories of a handful of operations.
 */
import type { Operation } from './history.js';

interface Key {
  readonly value: string | undefined;
  readonly version: number;
  readonly highest: number;
}

export function isLinearizable(operations: readonly Operation[]): boolean {
  const effective = operations.filter(
    ({ call, outcome }) => outcome.kind !== 'refused' && !(outcome.kind === 'unknown' && call.kind === 'get'),
  );
  const versions = effective.map(({ call, outcome }) =>
    Math.max('version' in outcome ? outcome.version : 0, call.kind === 'get' ? 0 : (call.ifVersion ?? 0)),
  );
  // Above the highest version in an answer only the order of versions matters, and each write needs one.
  const highest = Math.max(0, ...versions) + effective.length;
  return fits(effective, { value: undefined, version: 0, highest: 0 }, highest);
}

function fits(left: readonly Operation[], key: Key, highest: number): boolean {
  if (left.every(({ outcome }) => outcome.kind === 'unknown')) return true;
  return left.some((next, index) => {
    const rest = left.filter((_, at) => at !== index);
    const precedes = rest.some((other) => other.outcome.kind !== 'unknown' && other.returnedAtUs < next.invokedAtUs);
    return !precedes && successors(next, key, highest).some((after) => fits(rest, after, highest));
  });
}

function successors({ call, outcome }: Operation, key: Key, highest: number): Key[] {
  const condition = call.kind === 'get' ? undefined : call.ifVersion;
  const holds = condition === undefined || condition === key.version;
  switch (outcome.kind) {
    case 'missing':
    case 'nothingToDelete':
      return key.version === 0 && holds ? [key] : [];
    case 'found':
      return key.version === outcome.version && key.value === outcome.value && key.version > 0 ? [key] : [];
    case 'mismatch':
      return !holds && key.version === outcome.version ? [key] : [];
    default: {
      if (!holds || (call.kind === 'delete' && key.version === 0)) return [];
      const all = Array.from({ length: highest }, (_, index) => index + 1).filter((version) => version > key.highest);
      const possible = outcome.kind === 'written' ? all.filter((version) => version === outcome.version) : all;
      return possible.map((version) => {
        const value = call.kind === 'put' ? call.value : undefined;
        return { value, version: value === undefined ? 0 : version, highest: version };
      });
    }
  }
}
