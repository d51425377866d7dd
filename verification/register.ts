/**
 * The sequential model: one key as a register with versions, and the effect of each operation on it. Pure.
 *
 * A write gives the key a version above every earlier version of the key, deletions included. The version of a write
 * whose answer was lost is not known until another answer shows it. Until then `version` is undefined and `floor` is
 * the lowest possible version. Versions are integers and only their order matters, so the lowest possible version is
 * always a sufficient assumption: everything that is possible with a higher floor is possible with a lower one.
 */
import type { Call, Operation } from './history.js';

export interface Register {
  /** Undefined: the key does not exist. */
  readonly value: string | undefined;
  /** Undefined: not known, but at least `floor`. 0: the key does not exist. */
  readonly version: number | undefined;
  /** The highest version of the key so far. If it is not known: the lowest possible value of it. */
  readonly floor: number;
}

export const absent: Register = { value: undefined, version: 0, floor: 0 };

/** The register after an answered operation; undefined if the answer is impossible here. */
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

/** The register after a write that took effect and was never answered; undefined if it cannot take effect here. */
export function afterUnanswered(register: Register, call: Call): Register | undefined {
  const before = beforeWrite(register, call);
  return before === undefined ? undefined : afterWrite(call, undefined, before.floor + 1);
}

/** The version in the condition of a write, 0 for an absent key; undefined: the call has no condition. */
export function conditionOf(call: Call): number | undefined {
  return call.kind === 'get' ? undefined : call.ifVersion;
}

/** Whether everything that is possible after `other` is possible after `one`. */
export function isAsFree(one: Register, other: Register): boolean {
  return one.value === other.value && one.version === other.version && one.floor <= other.floor;
}

/**
 * The register before a write whose condition holds; undefined if that is impossible. A delete needs an existing key.
 */
function beforeWrite(register: Register, call: Call): Register | undefined {
  const condition = conditionOf(call);
  const met = condition === undefined ? register : atVersion(register, condition);
  return call.kind === 'delete' && met?.value === undefined ? undefined : met;
}

/** The same register with a known version; undefined if it cannot have that version. */
function atVersion(register: Register, version: number): Register | undefined {
  if (register.version !== undefined) return register.version === version ? register : undefined;
  return version >= register.floor ? { value: register.value, version, floor: version } : undefined;
}

function afterWrite(call: Call, version: number | undefined, floor: number): Register {
  return call.kind === 'put' ? { value: call.value, version, floor } : { value: undefined, version: 0, floor };
}
