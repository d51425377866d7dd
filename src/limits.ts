/** Limits of the public contract that client and node both check. */

/** A key has 1 to this many bytes of UTF-8. */
export const maxKeyBytes = 1_024;

/** The most comparisons and operations of one transaction: bounds the work of one turn, under the locks of its keys. */
export const maxTransactionOperations = 1_024;

/** The longest TTL of a key: 100 years of 365 days, so that the time at which it expires stays an exact number of milliseconds. */
export const maxTtlMs = 100 * 365 * 24 * 3_600_000;

/** What is wrong with a TTL that an API calls `name`; undefined: nothing. */
export function problemOfTtl(name: string, ttlMs: number): string | undefined {
  if (Number.isSafeInteger(ttlMs) && ttlMs >= 1 && ttlMs <= maxTtlMs) return undefined;
  return `${name} must be a whole number from 1 to ${maxTtlMs}, which is 100 years, not ${ttlMs}`;
}
