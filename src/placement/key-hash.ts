/**
 * The hash that routes keys: CRC-32 as in zlib, of the UTF-8 bytes of the key, or of its `{tag}` alone.
 *
 * It is part of the public contract: clients in other languages compute the same hash. docs/placement.md has the rules, the
 * test vectors, and the reasons for this hash. It is no defence against keys that are chosen to collide.
 */

/** ISO 3309 and IEEE 802.3, bits reversed. */
const polynomial = 0xedb88320;
const openingBrace = 0x7b;
const replacementCharacter = 0xfffd;

/** By the low byte of the remainder, signed. Exported for other code that computes CRC-32. */
export const crc32Table = new Int32Array(256).map((_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder & 1) === 1 ? (remainder >>> 1) ^ polynomial : remainder >>> 1;
  return remainder;
});

/** The shard of a key, from 0 to `shardCount - 1`. */
export function shardOfKey(key: string, shardCount: number): number {
  return keyHash(key) % shardCount;
}

/** The hash of a key, an unsigned 32-bit integer. Every operation of every client computes it, so it is fast for ASCII. */
export function keyHash(key: string): number {
  let remainder = -1;
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at);
    // One comparison for both exceptions, tags and non-ASCII: above '{' there are only '|', '}', '~' and non-ASCII codes.
    if (code >= openingBrace) return crc32(hashedPart(key));
    remainder = crc32Table[(remainder ^ code) & 0xff]! ^ (remainder >>> 8);
  }
  return ~remainder >>> 0;
}

/**
 * The text between the first `{` and the first `}` after it, so that keys with the same tag share a shard. The whole key if
 * there is no such pair, or the tag is empty. Redis Cluster has the same rule.
 */
function hashedPart(key: string): string {
  const opening = key.indexOf('{');
  if (opening === -1) return key;
  const closing = key.indexOf('}', opening + 1);
  return closing === -1 || closing === opening + 1 ? key : key.slice(opening + 1, closing);
}

/** CRC-32 of the UTF-8 form. Half a surrogate pair counts as U+FFFD, which every encoder sends in its place. */
function crc32(text: string): number {
  let remainder = -1;
  const feed = (byte: number): void => {
    remainder = crc32Table[(remainder ^ byte) & 0xff]! ^ (remainder >>> 8);
  };
  for (const character of text) {
    const codePoint = character.codePointAt(0)!;
    const isHalfPair = codePoint >= 0xd800 && codePoint <= 0xdfff;
    feedUtf8(isHalfPair ? replacementCharacter : codePoint, feed);
  }
  return ~remainder >>> 0;
}

function feedUtf8(codePoint: number, feed: (byte: number) => void): void {
  const continuation = (shift: number): void => feed(0x80 | ((codePoint >>> shift) & 0x3f));
  if (codePoint < 0x80) return feed(codePoint);
  if (codePoint < 0x800) {
    feed(0xc0 | (codePoint >>> 6));
  } else if (codePoint < 0x1_0000) {
    feed(0xe0 | (codePoint >>> 12));
    continuation(6);
  } else {
    feed(0xf0 | (codePoint >>> 18));
    continuation(12);
    continuation(6);
  }
  continuation(0);
}
