/** Limits of the public contract that client and node both check. */

/** A key has 1 to this many bytes of UTF-8. */
export const maxKeyBytes = 1_024;
