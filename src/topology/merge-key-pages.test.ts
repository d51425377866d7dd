import { describe, expect, test } from 'vitest';
import { mergeKeyPages } from './merge-key-pages.js';

const page = (keys: string[], nextAfter = '') => ({ keys: keys.map((key) => ({ key, version: 1, valueBytes: 0 })), nextAfter });
const merged = (limit: number, ...pages: ReturnType<typeof page>[]): [string[], string] => {
  const { keys, nextAfter } = mergeKeyPages(pages, limit);
  return [keys.map(({ key }) => key), nextAfter];
};

describe('a page of keys of all shards', () => {
  test('is in the order of the bytes, and the last one if no shard has more', () => {
    expect(merged(9, page(['b', 'd']), page([]), page(['a', '\u{1f511}', '\uffee']))).toEqual([
      ['a', 'b', 'd', '\uffee', '\u{1f511}'],
      '',
    ]);
  });
  test('ends at its limit', () => {
    expect(merged(2, page(['a', 'c']), page(['b']))).toEqual([['a', 'b'], 'b']);
  });
  test('ends where the page of a shard ends: that shard may have keys before those of the others', () => {
    expect(merged(9, page(['a', 'b'], 'b'), page(['c', 'd']))).toEqual([['a', 'b'], 'b']);
  });
  test('with exactly all remaining keys is the last', () => {
    expect(merged(2, page(['a']), page(['b']))).toEqual([['a', 'b'], '']);
  });
});
