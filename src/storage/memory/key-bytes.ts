/**
 * Keys as bytes in whole words, and the order of their bytes.
 *
 * The last word of a key is filled up with zeros. Two keys are compared word by word; if that finds no difference, the shorter key comes
 * first.
 */

/** The bytes of a word as a number, the first byte highest. */
function bigEndian(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** Flipping this bit makes the order of signed numbers that of unsigned ones. */
const signBit = 0x80000000;

/**
 * @returns 0 if the keys are equal. Negative if the first one comes first, otherwise positive: one more than the number of leading bytes
 * that the keys have in common, counted with the zeros that fill up the shorter key.
 */
export function compareKeys(
  words: Int32Array,
  start: number,
  length: number,
  otherWords: Int32Array,
  otherStart: number,
  otherLength: number,
): number {
  const end = (Math.min(length, otherLength) + 3) >>> 2;
  for (let at = 0; at < end; at++) {
    const word = words[start + at]!;
    const other = otherWords[otherStart + at]!;
    if (word === other) continue;
    const one = bigEndian(word);
    const two = bigEndian(other);
    const beyondCommon = 4 * at + (Math.clz32(one ^ two) >>> 3) + 1;
    return (one ^ signBit) < (two ^ signBit) ? -beyondCommon : beyondCommon;
  }
  if (length === otherLength) return 0;
  return length < otherLength ? -(4 * end + 1) : 4 * end + 1;
}

/** Four bytes of a key from `skip` on, as a signed number: numbers compare as the bytes do. Bytes behind the key count as zeros. */
export function keyWord(words: Int32Array, start: number, length: number, skip: number): number {
  const end = (length + 3) >>> 2;
  const at = skip >>> 2;
  const first = at < end ? bigEndian(words[start + at]!) : 0;
  const shift = (skip & 3) << 3;
  if (shift === 0) return first ^ signBit;
  const second = at + 1 < end ? bigEndian(words[start + at + 1]!) : 0;
  return ((first << shift) | (second >>> (32 - shift))) ^ signBit;
}
