/**
 * HalfSipHash-1-3 (Aumasson, Bernstein: SipHash: a fast short-input PRF, 2012; this 32-bit variant as in Linux's
 * hsiphash). It is fast enough for every operation, and a client that does not know the seed cannot construct keys that collide.
 */
export class KeyHash {
  readonly #k0: number;
  readonly #k1: number;

  /** `k0` and `k1` are the seed, which must be random and never leave the process. */
  constructor(k0: number, k1: number) {
    this.#k0 = k0;
    this.#k1 = k1;
  }

  /** Hashes `length` bytes from `words[start]` on; the last word is filled up with zeros. @returns a signed 32-bit integer. */
  of(words: Int32Array, start: number, length: number): number {
    let v0 = this.#k0 | 0;
    let v1 = this.#k1 | 0;
    let v2 = 0x6c796765 ^ v0;
    let v3 = 0x74656462 ^ v1;
    const end = start + (length >>> 2);
    // One iteration per whole word, one for the remaining bytes and the length, then three finishing rounds.
    for (let at = start, last = end + 3; at <= last; at++) {
      let word = 0;
      if (at < end) word = words[at]!;
      else if (at === end) word = (length << 24) | ((length & 3) === 0 ? 0 : words[at]!);
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
      if (at === end) v2 ^= 0xff;
    }
    return v1 ^ v3;
  }
}
