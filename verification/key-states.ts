/** The keys of a group in the sequential model, and the conditions of calls and transactions on them. Pure. */
import type { Comparison } from './history.js';
import { distanceTo, isAsFree, type Register, type UnseenVersion, writtenAt, writtenUnseen } from './register.js';

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
  const { version: known, unseen: found } = states.get(key)!;
  if (known !== undefined || found === undefined) return known === version ? states : undefined;
  return narrowed(states, (register, unseen) => {
    if (unseen.writer === found.writer)
      return isPossible(register.floor, version, unseen.below) && writtenAt(register.value, version);
    const since = distanceTo(found, unseen.writer);
    const until = distanceTo(unseen, found.writer);
    const floor = since === undefined ? register.floor : Math.max(register.floor, version + since);
    const below = until === undefined ? unseen.below : Math.min(unseen.below, version - until + 1);
    return { ...register, floor, unseen: { ...unseen, below } };
  });
}

/** The keys after a write at this version; undefined if it cannot have that version. */
export function afterWriteAt(before: KeyStates, changed: Changes, version: number): KeyStates | undefined {
  for (const key of changed.keys()) if (version <= before.get(key)!.floor) return undefined;
  const overwritten = overwrittenBy(before, changed);
  const next = new Map(before);
  for (const [key, value] of changed) next.set(key, writtenAt(value, version));
  return narrowed(next, (register, unseen) => {
    const distance = greatestDistance(unseen, overwritten);
    return distance === undefined
      ? register
      : { ...register, unseen: { ...unseen, below: Math.min(unseen.below, version - distance) } };
  });
}

/** The keys after a write whose version is not known. */
export function afterUnseenWrite(before: KeyStates, changed: Changes, writer: number): KeyStates | undefined {
  const overwritten = overwrittenBy(before, changed);
  const floor = 1 + Math.max(...[...changed.keys()].map((key) => before.get(key)!.floor));
  const next = new Map(before);
  for (const [key, value] of changed) next.set(key, writtenUnseen(value, floor, writer));
  return narrowed(next, (register, unseen) => {
    const distance = greatestDistance(unseen, overwritten);
    return distance === undefined
      ? register
      : { ...register, unseen: { ...unseen, before: [...unseen.before, { writer, least: distance + 1 }] } };
  });
}

/** The values of the keys that a write has changed. Undefined: deleted. */
type Changes = ReadonlyMap<string, string | undefined>;

/** The unknown writes whose version is below that of what overwrites these keys. */
function overwrittenBy(before: KeyStates, changed: Changes): ReadonlySet<number> {
  const writers = new Set<number>();
  for (const key of changed.keys()) {
    const { unseen } = before.get(key)!;
    if (unseen !== undefined) writers.add(unseen.writer);
  }
  return writers;
}

/** To the last of these writes that it is, or that it came before. Undefined: to none. */
function greatestDistance(unseen: UnseenVersion, writers: ReadonlySet<number>): number | undefined {
  let greatest: number | undefined;
  for (const writer of writers) {
    const distance = distanceTo(unseen, writer);
    if (distance !== undefined) greatest = Math.max(greatest ?? 0, distance);
  }
  return greatest;
}

const isPossible = (floor: number, version: number, below: number): boolean => floor <= version && version < below;

/** Applies a step to each key whose last write has no known version. Undefined: a version is left for none of them. */
function narrowed(
  states: KeyStates,
  step: (register: Register, unseen: UnseenVersion) => Register | false,
): KeyStates | undefined {
  const next = new Map(states);
  for (const [key, register] of states) {
    if (register.unseen === undefined) continue;
    const narrow = step(register, register.unseen);
    if (narrow === false || (narrow.unseen !== undefined && narrow.floor >= narrow.unseen.below)) return undefined;
    next.set(key, narrow);
  }
  return withoutForgotten(next);
}

/** Without the unknown writes of which no key has anything left: nothing can show their versions any more. */
function withoutForgotten(states: Map<string, Register>): KeyStates {
  const left = new Set([...states.values()].flatMap(({ unseen }) => (unseen === undefined ? [] : [unseen.writer])));
  for (const [key, register] of states) {
    const { unseen } = register;
    if (unseen === undefined || unseen.before.every(({ writer }) => left.has(writer))) continue;
    states.set(key, { ...register, unseen: { ...unseen, before: unseen.before.filter(({ writer }) => left.has(writer)) } });
  }
  return states;
}
