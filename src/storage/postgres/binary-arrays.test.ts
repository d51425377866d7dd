import { expect, test } from 'vitest';
import { boolArray, byteaArray, int4Array, int8Array } from './binary-arrays.js';

/** Type, items and the bytes of each item: what the format says, read back. */
function read(array: Buffer): { type: number; hasNull: boolean; items: (string | undefined)[] } {
  expect(array.readInt32BE(0)).toBe(1);
  expect(array.readInt32BE(16)).toBe(1);
  const items: (string | undefined)[] = [];
  let at = 20;
  for (let item = 0; item < array.readInt32BE(12); item += 1) {
    const length = array.readInt32BE(at);
    at += 4;
    items.push(length === -1 ? undefined : array.toString('hex', at, at + length));
    at += Math.max(length, 0);
  }
  expect(at).toBe(array.length);
  return { type: array.readInt32BE(8), hasNull: array.readInt32BE(4) === 1, items };
}

test('arrays of numbers and truth values', () => {
  expect(read(int4Array([1, 16_383]))).toEqual({ type: 23, hasNull: false, items: ['00000001', '00003fff'] });
  expect(read(int8Array([0, undefined, 2 ** 32 + 5]))).toEqual({
    type: 20,
    hasNull: true,
    items: ['0000000000000000', undefined, '0000000100000005'],
  });
  expect(read(int8Array([Number.MAX_SAFE_INTEGER])).items).toEqual(['001fffffffffffff']);
  expect(read(boolArray([true, false]))).toEqual({ type: 16, hasNull: false, items: ['01', '00'] });
});

test('arrays of bytes, and of strings in UTF-8', () => {
  expect(read(byteaArray(['ü', '', undefined, Uint8Array.of(1, 0)]))).toEqual({
    type: 17,
    hasNull: true,
    items: ['c3bc', '', undefined, '0100'],
  });
});

test('an array without items', () => {
  expect(read(byteaArray([])).items).toEqual([]);
});
