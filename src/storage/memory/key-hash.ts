/**
 * HalfSipHash-1-3 (Aumasson, Bernstein: SipHash: a fast short-input PRF, 2012; this 32-bit variant as in Linux's
 * hsiphash): short enough for every operation, and whoever does not know the seed finds no keys that collide.
 */
export class KeyHash {
  readonly #k0: number;
  readonly #k1: number;

  /** The seed must be random, and stay in the process. */
  constructor(k0: number, k1: number) {
    this.#k0 = k0;
    this.#k1 = k1;
  }

  /** Of `length` bytes from `words[start]` on, the last word filled up with zeros. A signed 32-bit integer. */
  of(words: Int32Array, start: number, length: number): number {
    let v0 = this.#k0 | 0;
    let v1 = this.#k1 | 0;
    let v2 = 0x6c796765 ^ v0;
    let v3 = 0x74656462 ^ v1;
    const end = start + (length >>> 2);
    // Each turn one word, then one for what is left with the length, then three rounds that finish.
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
