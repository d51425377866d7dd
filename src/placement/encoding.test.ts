import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodePlacement, encodePlacement } from './encoding.js';
import { PlacementError } from './placement.js';

const placements = fc.record({
  version: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  shards: fc.array(fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 16 }), {
    minLength: 1,
    maxLength: 30,
  }),
});

describe('the placement in ZooKeeper', () => {
  test('is read back unchanged', () => {
    fc.assert(
      fc.property(placements, (placement) => {
        expect(decodePlacement(encodePlacement(placement))).toEqual(placement);
      }),
    );
  });

  test('stays within the megabyte of ZooKeeper with 16,384 shards of three copies on 1,000 nodes with the longest ids', () => {
    const ids = Array.from({ length: 1_000 }, (_, index) => `${index}`.padStart(64, 'x'));
    const shards = Array.from({ length: 16_384 }, (_, shard) => [0, 333, 666].map((step) => ids[(shard + step) % ids.length]!));
    const placement = { version: 1, shards };
    const text = encodePlacement(placement);
    expect(Buffer.byteLength(text)).toBeLessThan(500_000);
    expect(decodePlacement(text)).toEqual(placement);
  }, 60_000);

  test('is refused if it has another number of shards than the cluster; the error names both', () => {
    const text = encodePlacement({ version: 1, shards: [['a'], ['b']] });
    expect(decodePlacement(text, 2).shards).toHaveLength(2);
    expect(() => decodePlacement(text, 16)).toThrow(/it has 2 shards, the cluster 16.*No data is touched/);
  });

  test.each([
    ['no JSON', '{"format":1'],
    ['a list', '[]'],
    ['another format', '{"format":2,"version":1,"nodes":["a"],"shards":[[0]]}'],
    ['no version', '{"format":1,"nodes":["a"],"shards":[[0]]}'],
    ['version zero', '{"format":1,"version":0,"nodes":["a"],"shards":[[0]]}'],
    ['no node', '{"format":1,"version":1,"nodes":[],"shards":[[0]]}'],
    ['an empty id', '{"format":1,"version":1,"nodes":[""],"shards":[[0]]}'],
    ['no shard', '{"format":1,"version":1,"nodes":["a"],"shards":[]}'],
    ['a shard without a node', '{"format":1,"version":1,"nodes":["a"],"shards":[[]]}'],
    ['an unknown node', '{"format":1,"version":1,"nodes":["a"],"shards":[[1]]}'],
    ['a node that is no index', '{"format":1,"version":1,"nodes":["a"],"shards":[["a"]]}'],
    ['a node twice in one shard', '{"format":1,"version":1,"nodes":["a"],"shards":[[0,0]]}'],
    ['a node that holds nothing', '{"format":1,"version":1,"nodes":["a","b"],"shards":[[0]]}'],
    ['an unknown field', '{"format":1,"version":1,"nodes":["a"],"shards":[[0]],"more":1}'],
  ])('%s is refused, and the error explains the consequence for the data', (_, text) => {
    expect(() => decodePlacement(text)).toThrow(PlacementError);
    expect(() => decodePlacement(text)).toThrow(/No data is touched/);
  });
});
