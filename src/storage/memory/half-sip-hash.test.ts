import { describe, expect, it } from 'vitest';
import { EncodedKey } from './encoded-key.js';
import { KeyHash } from './half-sip-hash.js';

function hash(seed: [number, number], key: string): number {
  const encoded = new EncodedKey();
  encoded.set(key);
  return new KeyHash(...seed).of(encoded.words, 0, encoded.length) >>> 0;
}

/** Keys of the bytes 0, 1, 2 and so on, with the seed of the reference's vectors. */
const bytes = (length: number) => String.fromCharCode(...Array.from({ length }, (_, at) => at));
const seed: [number, number] = [0x03020100, 0x07060504];

describe('the hash of a key', () => {
  it('is HalfSipHash-1-3', () => {
    expect([1, 3, 4, 8, 13].map((length) => hash(seed, bytes(length)))).toEqual([
      0xe7e864ca, 0x01539939, 0x7e059ea6, 0x577999b1, 0x66dd9cd6,
    ]);
  });

  it('depends on the seed', () => {
    expect(hash([1, 2], 'key')).not.toBe(hash([1, 3], 'key'));
    expect(hash([1, 2], 'key')).not.toBe(hash([2, 2], 'key'));
  });

  it('is the same wherever the key is', () => {
    const encoded = new EncodedKey();
    encoded.set('somewhere else');
    const words = new Int32Array(20).fill(-1);
    words.set(encoded.words.subarray(0, 4), 7);
    const keyHash = new KeyHash(1, 2);
    expect(keyHash.of(words, 7, encoded.length)).toBe(keyHash.of(encoded.words, 0, encoded.length));
  });
});
