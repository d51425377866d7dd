/**
 * The naive twin of the checker. It tries every order, every subset of the unknown writes and every version they may
 * have. It shares only the types with the search, and is fast enough for histories of a handful of operations.
 */
import type { Call, Operation } from './history.js';
import { executeOn, type LiveKeys } from './live-keys.fixture.js';

interface State {
  readonly keys: LiveKeys;
  /** The version of the last answered write. */
  readonly lastVersion: number;
}

export function isLinearizable(operations: readonly Operation[]): boolean {
  const effective = operations.filter(
    ({ call, outcome }) => outcome.kind !== 'refused' && !(outcome.kind === 'unknown' && call.kind === 'get'),
  );
  const named = effective.flatMap(({ call, outcome }) => [...versionsIn(outcome), ...versionsIn(call)]);
  // Above the highest version in a call or an answer only the order of versions matters, and each write needs one.
  const highest = Math.max(0, ...named) + effective.length;
  return fits(effective, { keys: {}, lastVersion: 0 }, highest);
}

function fits(left: readonly Operation[], state: State, highest: number): boolean {
  if (left.every(({ outcome }) => outcome.kind === 'unknown')) return true;
  return left.some((next, index) => {
    const rest = left.filter((_, at) => at !== index);
    const precedes = rest.some((other) => other.outcome.kind !== 'unknown' && other.returnedAtUs < next.invokedAtUs);
    return !precedes && successors(next, state, highest).some((after) => fits(rest, after, highest));
  });
}

function successors({ key, call, outcome }: Operation, { keys, lastVersion }: State, highest: number): State[] {
  if (outcome.kind !== 'unknown') {
    const written = outcome.kind === 'found' || outcome.kind === 'mismatch' || !('version' in outcome) ? 0 : outcome.version;
    if (written > 0 && written <= lastVersion) return [];
    const after = attempt(keys, key, call, written || highest + 1);
    return after === undefined || !isSame(after.outcome, outcome)
      ? []
      : [{ keys: after.keys, lastVersion: written || lastVersion }];
  }
  const versions = Array.from({ length: highest }, (_, index) => index + 1);
  return versions.flatMap((version) => {
    const after = attempt(keys, key, call, version);
    return after === undefined || after.keys === keys ? [] : [{ keys: after.keys, lastVersion }];
  });
}

/** Undefined: a key that is written has had this version, or a higher one. `keys` is the same object if nothing is. */
function attempt(keys: LiveKeys, key: string, call: Call, version: number) {
  const after = executeOn(keys, key, call, version);
  const changed = Object.keys(after.keys).filter((one) => after.keys[one] !== keys[one]);
  if (changed.some((one) => version <= (keys[one]?.highest ?? 0))) return undefined;
  return { outcome: after.outcome, keys: changed.length === 0 ? keys : after.keys };
}

function isSame(one: object, other: object): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

/** With the members of every object in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return entries.map(([name, member]) => [name, sorted(member)]);
}

/** Every number that a member of this or an inner object holds as a version. */
function versionsIn(value: unknown): number[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    /version$/i.test(name) && typeof member === 'number' ? [member] : versionsIn(member),
  );
}
