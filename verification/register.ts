/**
 * The sequential model: one key as a register with versions, and what each operation may do to it. Pure.
 *
 * A write gives the key a version above every version the key had before, deletions included. The version of a write
 * whose answer was lost is not known until something tells it; until then `version` is undefined and `floor` is the
 * lowest it can be. Since versions are integers and only their order is asked for, the lowest possible one is always a
 * sufficient assumption: whatever is possible with a higher floor is possible with a lower one.
 */
import type { Call, Operation } from './history.js';

export interface Register {
  /** Undefined: the key does not exist. */
  readonly value: string | undefined;
  /** Undefined: not known, `floor` or above. 0 stands for a key that does not exist. */
  readonly version: number | undefined;
  /** The highest version the key has had so far, or the lowest that can be if that is not known. */
  readonly floor: number;
}

export const absent: Register = { value: undefined, version: 0, floor: 0 };

/** The register after an operation that was answered, or undefined if that answer is impossible here. */
export function afterAnswered(register: Register, { call, outcome }: Operation): Register | undefined {
  switch (outcome.kind) {
    case 'missing':
      return atVersion(register, 0);
    case 'nothingToDelete':
      return conditionOf(call) === undefined ? atVersion(register, 0) : undefined;
    case 'mismatch':
      return conditionOf(call) === outcome.version ? undefined : atVersion(register, outcome.version);
    case 'found':
      return register.value === outcome.value ? atVersion(register, outcome.version) : undefined;
    case 'written': {
      const before = beforeWrite(register, call);
      if (before === undefined || outcome.version <= before.floor) return undefined;
      return afterWrite(call, outcome.version, outcome.version);
    }
    default:
      return undefined;
  }
}

/** The register after a write that took effect and was never answered; undefined if it can have none here. */
export function afterUnanswered(register: Register, call: Call): Register | undefined {
  const before = beforeWrite(register, call);
  return before === undefined ? undefined : afterWrite(call, undefined, before.floor + 1);
}

/** The version a write asks for, 0 for an absent key; undefined for one that asks for nothing. */
export function conditionOf(call: Call): number | undefined {
  return call.kind === 'get' ? undefined : call.ifVersion;
}

/** Whether everything that is possible after `other` is possible after `one`. */
export function isAsFree(one: Register, other: Register): boolean {
  return one.value === other.value && one.version === other.version && one.floor <= other.floor;
}

/** The register that a write meets, its condition taken for true; undefined if that cannot be. A delete needs a key. */
function beforeWrite(register: Register, call: Call): Register | undefined {
  const condition = conditionOf(call);
  const met = condition === undefined ? register : atVersion(register, condition);
  return call.kind === 'delete' && met?.value === undefined ? undefined : met;
}

/** The same register, its version known now; undefined if it cannot be at that version. */
function atVersion(register: Register, version: number): Register | undefined {
  if (register.version !== undefined) return register.version === version ? register : undefined;
  return version >= register.floor ? { value: register.value, version, floor: version } : undefined;
}

function afterWrite(call: Call, version: number | undefined, floor: number): Register {
  return call.kind === 'put' ? { value: call.value, version, floor } : { value: undefined, version: 0, floor };
}
