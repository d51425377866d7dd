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
  /** The version of the last write, which may be a deletion. If it is not known: the lowest possible value of it. */
  readonly floor: number;
  /** Set if the version of the last write is not known. */
  readonly unseen?: UnseenVersion | undefined;
}

/**
 * What is known of the version that an unknown write has given to what it wrote. All keys that it wrote have the same one, also
 * those that have been overwritten since: so the versions that overwrote them are above it.
 */
export interface UnseenVersion {
  readonly writer: number;
  /** It is lower than this. */
  readonly below: number;
  /** Later unknown writes, and by how much their versions are higher at least. */
  readonly before: readonly Distance[];
}

export interface Distance {
  readonly writer: number;
  readonly least: number;
}

export const absent: Register = { value: undefined, version: 0, floor: 0 };

/** The register after a write at this version, or once it is known to have been at this version. */
export function writtenAt(value: string | undefined, version: number): Register {
  return { value, version: value === undefined ? 0 : version, floor: version };
}

/** The register after a write that was never answered. */
export function writtenUnseen(value: string | undefined, floor: number, writer: number): Register {
  const unseen = { writer, below: Number.POSITIVE_INFINITY, before: [] };
  return { value, version: value === undefined ? 0 : undefined, floor, unseen };
}

/** Whether everything that is possible after `other` is possible after `one`. */
export function isAsFree(one: Register, other: Register): boolean {
  if (one === other) return true;
  return (
    one.value === other.value && one.version === other.version && one.floor <= other.floor && isAsUnseen(one.unseen, other.unseen)
  );
}

function isAsUnseen(one: UnseenVersion | undefined, other: UnseenVersion | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  if (one.writer !== other.writer || one.below < other.below) return false;
  return one.before.every(({ writer, least }) => least <= (distanceTo(other, writer) ?? Number.NEGATIVE_INFINITY));
}

/** Undefined: the other write is not known to be a later one. 0: it is the write itself. */
export function distanceTo({ writer, before }: UnseenVersion, later: number): number | undefined {
  return writer === later ? 0 : before.find((one) => one.writer === later)?.least;
}
