import { expect, test } from 'vitest';
import { describeShards } from '../../../topology/shard-ranges.js';
import { parseShards, shardsOperand } from './named-shards.js';

test.each<[string, number[]]>([
  ['3', [3]],
  ['9,0,3', [0, 3, 9]],
  ['0-2,2,7', [0, 1, 2, 7]],
  ['0-2, 5', [0, 1, 2, 5]],
])('shards - "%s" are %j', (text, shards) => {
  expect(parseShards(text)).toEqual(shards);
  expect(parseShards(shardsOperand(shards))).toEqual(shards);
});

test.each(['', 'a', '1,', '-1', '5-3', '1.5', '0-99999999', '0x1'])('shards - "%s" is refused', (text) => {
  expect(() => parseShards(text)).toThrow('is neither the number of a shard nor a range');
});

test('shards - are described as ranges in a sentence', () => {
  expect([describeShards([4]), describeShards([2, 0, 1, 5])]).toEqual(['shard 4', 'shards 0-2, 5']);
});
