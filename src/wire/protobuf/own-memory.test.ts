import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ownCopy, ownCopyOf } from './own-memory.js';

const kib = 1024;

describe('copies in memory of their own', () => {
  test('each equals its original, even if others are copied or the original changes', () => {
    const lengths = fc.array(fc.oneof(fc.nat(300), fc.nat(10 * kib)), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(lengths, (all) => {
        const values = all.map((length, i) => new Uint8Array(length).fill(i + 1));
        const copies = values.map(ownCopy);
        for (const value of values) value.fill(0);
        copies.forEach((copy, i) => {
          expect(Buffer.from(copy).equals(Buffer.alloc(all[i]!, i + 1))).toBe(true);
        });
      }),
    );
  });

  test('of a part of a buffer', () => {
    const buffer = Buffer.from('some message of many').subarray(5);
    expect(ownCopyOf(buffer, 3, 7)).toEqual(new Uint8Array(Buffer.from('sage')));
    expect(ownCopyOf(buffer, 7, 7)).toHaveLength(0);
  });

  test('a value keeps only its chunk alive, and a large one only itself', () => {
    const message = Buffer.allocUnsafeSlow(256 * kib);
    for (const bytes of [0, 1, 100, 8 * kib, 8 * kib + 1, 200 * kib]) {
      const { buffer } = ownCopyOf(message, 1, 1 + bytes);
      expect(buffer).not.toBe(message.buffer);
      expect(buffer.byteLength).toBe(bytes > 8 * kib ? bytes : 64 * kib);
    }
  });

  test('small values share their memory', () => {
    const buffers = new Set(Array.from({ length: 1_000 }, () => ownCopy(new Uint8Array(100)).buffer));
    expect(buffers.size).toBeLessThanOrEqual(3);
  });
});
