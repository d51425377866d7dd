/**
 * One key of the sequential model: a value with a version. Pure.
 *
 * A write gives the key a version above every earlier version of the key, deletions included. The version of a write
 * whose answer was lost is not known until another answer shows it. Until then `version` is undefined and `floor` is
 * the lowest possible version. Versions are integers and only their order matters, so the lowest possible version is
 * always a sufficient assumption: everything that is possible with a higher floor is possible with a lower one.
 */

export interface Register {
  /** Undefined: the key does not exist. */
  readonly value: string | undefined;
  /** Undefined: not known, but at least `floor`. 0: the key does not exist. */
  readonly version: number | undefined;
  /** The highest version of the key so far. If it is not known: the lowest possible value of it. */
  readonly floor: number;
  /** If the version is not known: the unknown write that gave it. All keys that it wrote have the same version. */
  readonly writer?: number;
}

export const absent: Register = { value: undefined, version: 0, floor: 0 };

export function withVersion({ value }: Register, version: number): Register {
  return { value, version, floor: version };
}

/** The register after a write whose version is known. */
export function writtenAt(value: string | undefined, version: number): Register {
  return { value, version: value === undefined ? 0 : version, floor: version };
}

/** The register after a write that was never answered. */
export function writtenUnseen(value: string | undefined, floor: number, writer: number): Register {
  return value === undefined ? { value, version: 0, floor } : { value, version: undefined, floor, writer };
}

/** Whether everything that is possible after `other` is possible after `one`. */
export function isAsFree(one: Register, other: Register): boolean {
  if (one === other) return true;
  return one.value === other.value && one.version === other.version && one.floor <= other.floor && one.writer === other.writer;
}
