/** The keys of a group in the sequential model, and the conditions of calls and transactions on them. Pure. */
import type { Comparison } from './history.js';
import { isAsFree, type Register, withVersion } from './register.js';

export type KeyStates = ReadonlyMap<string, Register>;

/** Whether everything that is possible after `other` is possible after `one`. */
export function areAsFree(one: KeyStates, other: KeyStates): boolean {
  for (const [key, register] of one) if (!isAsFree(register, other.get(key)!)) return false;
  return true;
}

/** The same keys with the versions that the comparisons show; undefined if one of them cannot hold. */
export function allHold(before: KeyStates, compares: readonly Comparison[]): KeyStates | undefined {
  let states: KeyStates | undefined = before;
  for (const { key, exists, ifVersion, ifValue } of compares) {
    const { value } = states.get(key)!;
    if (exists !== undefined && exists !== (value !== undefined)) return undefined;
    if (ifValue !== undefined && ifValue !== value) return undefined;
    if (ifVersion !== undefined) states = atVersion(states, key, ifVersion);
    if (states === undefined) return undefined;
  }
  return states;
}

/** A version that is not known may be any. */
export function mayFail(states: KeyStates, { key, exists, ifVersion, ifValue }: Comparison): boolean {
  const { value, version } = states.get(key)!;
  if (exists !== undefined && exists !== (value !== undefined)) return true;
  return (ifValue !== undefined && ifValue !== value) || (ifVersion !== undefined && version !== ifVersion);
}

/** The same keys where the version of one is known; undefined if it cannot have that version. */
export function atVersion(states: KeyStates, key: string, version: number): KeyStates | undefined {
  const register = states.get(key)!;
  if (register.version !== undefined) return register.version === version ? states : undefined;
  if (version < register.floor) return undefined;
  const next = new Map(states);
  for (const [other, found] of states) {
    if (found.version === undefined && found.writer === register.writer) next.set(other, withVersion(found, version));
  }
  return next;
}
