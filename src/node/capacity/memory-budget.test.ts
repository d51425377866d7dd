import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultMaxMemoryBytes, divideMemory, minMaxMemoryBytes } from './memory-budget.js';

const mebibyte = 2 ** 20;

/**
 * Parts are whole bytes: where one of them grows by a byte, the part for the data may shrink by one byte, or by eight.
 */
const roundingBytes = 10;

describe('the division of memory', () => {
  it('hands out no more than the whole, and each part grows with the whole', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: minMaxMemoryBytes, max: 2 ** 40 }),
        fc.nat(2 ** 30),
        fc.integer({ min: 1, max: 16_384 }),
        (max, more, shards) => {
          const budget = divideMemory(max, shards);
          const { dataBytes, retainBytes, maxUncommittedBytes, maxPendingBytes } = budget;
          expect(dataBytes + 8 * retainBytes + maxUncommittedBytes + maxPendingBytes).toBeLessThan(max);
          for (const [name, part] of Object.entries(divideMemory(max + more, shards))) {
            expect(part + roundingBytes).toBeGreaterThanOrEqual(budget[name as keyof typeof budget]);
          }
        },
      ),
    );
  });

  it('leaves at least a quarter for data, and more than two thirds of 4 GiB', () => {
    expect(divideMemory(minMaxMemoryBytes, 16).dataBytes).toBeGreaterThanOrEqual(minMaxMemoryBytes / 4);
    expect(divideMemory(4096 * mebibyte, 16).dataBytes).toBeGreaterThan((4096 * mebibyte * 2) / 3);
  });

  it('sets memory aside for each of many shards, and leaves at least a sixteenth for data', () => {
    const dataOf = (shards: number, max = minMaxMemoryBytes) => divideMemory(max, shards).dataBytes;
    expect(dataOf(1)).toBe(dataOf(16));
    expect(dataOf(16) - dataOf(100)).toBe(84 * mebibyte * 0.25);
    expect(dataOf(16_384)).toBe(minMaxMemoryBytes / 16);
    expect(dataOf(16, 4096 * mebibyte) - dataOf(256, 4096 * mebibyte)).toBe(60 * mebibyte);
  });

  it('has room for the largest value, also with the least memory', () => {
    expect(divideMemory(minMaxMemoryBytes, 16).maxUncommittedBytes).toBeGreaterThan(8 * mebibyte);
  });

  it('has a default within the memory of this machine', () => {
    expect(defaultMaxMemoryBytes()).toBeGreaterThanOrEqual(minMaxMemoryBytes);
    expect(Number.isSafeInteger(defaultMaxMemoryBytes())).toBe(true);
  });
});
