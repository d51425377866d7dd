/** The pause before an attempt is repeated: it doubles with each failure, up to a limit, and half of it is random. Pure. */

/** Keeps the power of two finite; `maxMs` bounds the pause long before. */
const maxDoublings = 16;

export interface PauseBounds {
  /** The longest pause after the first failure. */
  readonly firstMs: number;
  /** The longest pause after any failure. */
  readonly maxMs: number;
}

/**
 * The random half spreads the attempts of those that failed together.
 *
 * @param failures so far, at least 1
 * @param random in [0, 1)
 */
export function growingPauseMs(failures: number, { firstMs, maxMs }: PauseBounds, random: number): number {
  const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, maxDoublings));
  return ceiling / 2 + (ceiling / 2) * random;
}
