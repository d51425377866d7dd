import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultMaxMemoryBytes, divideMemory, minMaxMemoryBytes } from './memory-budget.js';

const mebibyte = 2 ** 20;

describe('the division of memory', () => {
  it('gives away no more than there is, and more to everyone where there is more', () => {
    fc.assert(
      fc.property(fc.integer({ min: minMaxMemoryBytes, max: 2 ** 40 }), fc.nat(2 ** 30), (max, more) => {
        const budget = divideMemory(max);
        const { dataBytes, retainBytes, maxUncommittedBytes, maxPendingBytes } = budget;
        expect(dataBytes + 8 * retainBytes + maxUncommittedBytes + maxPendingBytes).toBeLessThan(max);
        for (const [name, part] of Object.entries(divideMemory(max + more))) {
          expect(part).toBeGreaterThanOrEqual(budget[name as keyof typeof budget]);
        }
      }),
    );
  });

  it('leaves a quarter for data at the least, and two thirds and more where there is plenty', () => {
    expect(divideMemory(minMaxMemoryBytes).dataBytes).toBeGreaterThanOrEqual(minMaxMemoryBytes / 4);
    expect(divideMemory(4096 * mebibyte).dataBytes).toBeGreaterThan((4096 * mebibyte * 2) / 3);
  });

  it('takes the largest value there may be, also at the least', () => {
    expect(divideMemory(minMaxMemoryBytes).maxUncommittedBytes).toBeGreaterThan(8 * mebibyte);
  });

  it('has a default that this machine can bear', () => {
    expect(defaultMaxMemoryBytes()).toBeGreaterThanOrEqual(minMaxMemoryBytes);
    expect(Number.isSafeInteger(defaultMaxMemoryBytes())).toBe(true);
  });
});
