/**
 * Values that say who wrote them: run, thread, key and a counter that the thread uses once, then filling.
 *
 * A value is recognised only if all of it is as written, so that a torn or mixed-up one is seen as well.
 */

export interface ValueTag {
  /** Eight hexadecimal digits, new for every run: a value of an earlier run is not taken for one of this. */
  readonly run: string;
  readonly thread: number;
  readonly keyIndex: number;
  readonly counter: number;
}

/** Room for the longest tag; shorter values are cut off, and recognised by nobody. */
export const smallestValueBytes = 48;

const filling = '.'.charCodeAt(0);

export function encodeValue({ run, thread, keyIndex, counter }: ValueTag, valueBytes: number): Buffer {
  // A fifth of what Buffer.alloc with a filling costs.
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
