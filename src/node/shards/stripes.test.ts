import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Stripes } from './stripes.js';

describe('sections under the stripes of several keys', () => {
  test('a section that ends in its turn takes no lock', () => {
    const stripes = new Stripes();
    let ran = false;
    expect(
      stripes.runAll(['a', 'b'], () => {
        ran = true;
      }),
    ).toBeUndefined();
    expect([ran, stripes.isLocked('a')]).toEqual([true, false]);
  });

  test('wait for each other in the order in which they came, whatever the order of their keys', async () => {
    const stripes = new Stripes();
    const order: string[] = [];
    const section = (name: string) => async () => {
      order.push(`${name} begins`);
      await nextTurn();
      order.push(`${name} ends`);
    };
    await Promise.all([
      stripes.runAll(['a', 'b'], section('one')),
      stripes.runAll(['b', 'c'], section('two')),
      stripes.runAll(['c', 'a'], section('three')),
      stripes.run('c', section('four')),
    ]);
    expect(order).toEqual(['one', 'two', 'three', 'four'].flatMap((name) => [`${name} begins`, `${name} ends`]));
    expect(['a', 'b', 'c'].map((key) => stripes.isLocked(key))).toEqual([false, false, false]);
  });

  test('a section that fails gives its stripes back', async () => {
    const stripes = new Stripes();
    const fails = () => Promise.reject(new Error('no'));
    await expect(stripes.runAll(['a', 'b'], fails)).rejects.toThrow('no');
    await Promise.all([stripes.runAll(['a'], nextTurn), expect(stripes.runAll(['a', 'b'], fails)).rejects.toThrow('no')]);
    expect([stripes.isLocked('a'), stripes.isLocked('b')]).toEqual([false, false]);
  });
});
