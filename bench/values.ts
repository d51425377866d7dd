/**
 * Values that name their writer: the run, the thread, the key and a counter that the thread uses once, then filling.
 *
 * A value is recognised only if every byte is as written, so a torn or mixed value is detected as well.
 */

export interface ValueTag {
  /** Eight hexadecimal digits, new for every run, so that values of an earlier run are distinguished. */
  readonly run: string;
  readonly thread: number;
  readonly keyIndex: number;
  readonly counter: number;
}

/** The size of the longest tag. Shorter values have an incomplete tag, and are never recognised. */
export const smallestValueBytes = 48;

const filling = '.'.charCodeAt(0);

export function encodeValue({ run, thread, keyIndex, counter }: ValueTag, valueBytes: number): Buffer {
  // This costs a fifth of Buffer.alloc with a filling.
  const value = Buffer.allocUnsafe(valueBytes).fill(filling);
  value.write(`${run} ${thread} ${keyIndex} ${counter};`, 0, 'latin1');
  return value;
}

export function decodeValue(value: Buffer): ValueTag | undefined {
  const text = value.toString('latin1', 0, smallestValueBytes);
  const match = /^([0-9a-f]{8}) (\d+) (\d+) (\d+);/.exec(text);
  if (match === null) return undefined;
  const tag = { run: match[1]!, thread: Number(match[2]), keyIndex: Number(match[3]), counter: Number(match[4]) };
  return encodeValue(tag, value.byteLength).equals(value) ? tag : undefined;
}
