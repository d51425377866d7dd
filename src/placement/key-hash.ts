/**
 * The hash of a key: CRC-16/XMODEM of the UTF-8 bytes of the key, or of its `{tag}` alone, exactly as in Redis Cluster.
 *
 * It is part of the public contract: clients in other languages compute the same hash. docs/placement.md has the rules, the
 * test vectors, and the reasons for this hash. It is no defence against keys that are chosen to collide.
 */

/** x^16 + x^12 + x^5 + 1, without its highest term. */
const polynomial = 0x1021;
const openingBrace = 0x7b;
const replacementCharacter = 0xfffd;

/**
 * By the next byte: what it adds to the remainder. All remainders here have their two bytes swapped, so that the byte to combine
 * with the next one is the low one. This saves a shift for every byte.
 */
const swappedTable = new Uint16Array(256).map((_, byte) => {
  let remainder = byte << 8;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder & 0x8000) === 0 ? remainder << 1 : (remainder << 1) ^ polynomial;
  return swapBytes(remainder);
});

/** From 0 to 65,535. Every operation of every client computes it, so it is fast for ASCII, and allocates nothing. */
export function keyHash(key: string): number {
  let remainder = 0;
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at);
    // One comparison for both exceptions, tags and non-ASCII: above '{' there are only '|', '}', '~' and non-ASCII codes.
    if (code >= openingBrace) return hashOfTagOrKey(key);
    remainder = swappedTable[(remainder ^ code) & 0xff]! ^ (remainder >>> 8);
  }
  return swapBytes(remainder);
}

/**
 * The tag is the text between the first `{` and the first `}` after it, so that keys with the same tag share a slot. The whole
 * key is hashed if there is no such pair, or the tag is empty.
 */
function hashOfTagOrKey(key: string): number {
  const opening = key.indexOf('{');
  const closing = opening === -1 ? -1 : key.indexOf('}', opening + 1);
  return closing > opening + 1 ? hashOfPart(key, opening + 1, closing) : hashOfPart(key, 0, key.length);
}

/** Half a surrogate pair counts as U+FFFD, which every encoder sends in its place. */
function hashOfPart(text: string, start: number, end: number): number {
  let remainder = 0;
  for (let at = start; at < end; at++) {
    const code = text.codePointAt(at)!;
    if (code < 0x80) {
      remainder = fed(remainder, code);
    } else if (code < 0x800) {
      remainder = fed(remainder, 0xc0 | (code >>> 6));
      remainder = fedContinuation(remainder, code);
    } else if (code < 0x1_0000) {
      const scalar = code >= 0xd800 && code <= 0xdfff ? replacementCharacter : code;
      remainder = fed(remainder, 0xe0 | (scalar >>> 12));
      remainder = fedContinuation(remainder, scalar >>> 6);
      remainder = fedContinuation(remainder, scalar);
    } else {
      remainder = fed(remainder, 0xf0 | (code >>> 18));
      remainder = fedContinuation(remainder, code >>> 12);
      remainder = fedContinuation(remainder, code >>> 6);
      remainder = fedContinuation(remainder, code);
      at += 1;
    }
  }
  return swapBytes(remainder);
}

function fed(remainder: number, byte: number): number {
  return swappedTable[(remainder ^ byte) & 0xff]! ^ (remainder >>> 8);
}

function fedContinuation(remainder: number, bits: number): number {
  return fed(remainder, 0x80 | (bits & 0x3f));
}

function swapBytes(remainder: number): number {
  return ((remainder & 0xff) << 8) | ((remainder >>> 8) & 0xff);
}
