import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shardOfKey, slotCount, slotOfKey, slotsOfShard } from './key-slot.js';

const shardCounts = fc.integer({ min: 1, max: slotCount });

function sizesOf(shardCount: number): number[] {
  return Array.from({ length: shardCount }, (_, shard) => {
    const { first, last } = slotsOfShard(shard, shardCount);
    return last - first + 1;
  });
}

describe('the slots of shards', () => {
  test('follow each other without a gap, from the first slot to the last', () => {
    fc.assert(
      fc.property(shardCounts, (shardCount) => {
        let next = 0;
        for (let shard = 0; shard < shardCount; shard++) {
          const { first, last } = slotsOfShard(shard, shardCount);
          expect(first).toBe(next);
          next = last + 1;
        }
        expect(next).toBe(slotCount);
      }),
      { numRuns: 20 },
    );
  });

  test('differ in number by at most one, and each shard has one', () => {
    fc.assert(
      fc.property(shardCounts, (shardCount) => {
        const sizes = new Set(sizesOf(shardCount));
        expect(sizes.has(0)).toBe(false);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 20 },
    );
  });

  test('are equally many if the number of shards is a power of two', () => {
    for (let shardCount = 1; shardCount <= slotCount; shardCount *= 2)
      expect(new Set(sizesOf(shardCount))).toEqual(new Set([slotCount / shardCount]));
  });

  test('hold the keys of the shard and no others', () => {
    fc.assert(
      fc.property(fc.string(), shardCounts, (key, shardCount) => {
        const { first, last } = slotsOfShard(shardOfKey(key, shardCount), shardCount);
        expect(slotOfKey(key)).toBeGreaterThanOrEqual(first);
        expect(slotOfKey(key)).toBeLessThanOrEqual(last);
      }),
    );
  });

  test.each([
    [3, 0, { first: 0, last: 5_461 }],
    [3, 1, { first: 5_462, last: 10_922 }],
    [3, 2, { first: 10_923, last: 16_383 }],
    [16, 10, { first: 10_240, last: 11_263 }],
    [slotCount, 7, { first: 7, last: 7 }],
  ])('of %i shards, shard %i', (shardCount, shard, range) => {
    expect(slotsOfShard(shard, shardCount)).toEqual(range);
  });
});
