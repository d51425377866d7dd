import { describe, expect, test } from 'vitest';
import { firstDelayMs, type KnownConnection, opensFirst, retryDelayMs, takesPlace } from './connection-rules.js';

test('one of two nodes opens the connection first', () => {
  expect([opensFirst('a', 'b'), opensFirst('b', 'a')]).toEqual([true, false]);
});

test('the node that opens first tries more and more often than the other, at once after a break of what worked', () => {
  const delays = (first: boolean): number[] => [0, 1, 2, 3, 4, 5, 6, 60].map((failures) => retryDelayMs(first, failures));
  expect([firstDelayMs(true), firstDelayMs(false)]).toEqual([0, 2_000]);
  expect(delays(true)).toEqual([0, 50, 100, 200, 400, 800, 1_000, 1_000]);
  expect(delays(false)).toEqual([0, 50, 100, ...Array(5).fill(2_000)]);
});

describe('a connection that the other node opens', () => {
  const own: KnownConnection = { name: 'a/1', isOwn: true, incarnation: 'process' };
  const theirs: KnownConnection = { name: 'b/1', isOwn: false, incarnation: 'process' };
  const again = { incarnation: 'process', lost: '' };

  test.each([
    ['takes the free place', undefined, again],
    ['of a newer process replaces that of the older one', own, { incarnation: 'newer', lost: '' }],
    ['of a newer process replaces one that the older process opened', theirs, { incarnation: 'newer', lost: 'a/1' }],
    ['replaces the one that it opened before', theirs, again],
    ['replaces the one that it has lost', own, { incarnation: 'process', lost: 'a/1' }],
  ])('%s, whichever of the two opens first', (_, known, newcomer) => {
    expect([takesPlace(newcomer, known, true), takesPlace(newcomer, known, false)]).toEqual([true, true]);
  });

  test.each([
    ['that is up', own],
    ['in which this node has introduced itself', { ...own, incarnation: undefined }],
  ])('at the same time as one of this node %s stays only if the other node has the lower id', (_, known) => {
    for (const lost of ['', 'a/0']) {
      const newcomer = { incarnation: 'process', lost };
      expect([takesPlace(newcomer, known, true), takesPlace(newcomer, known, false)]).toEqual([false, true]);
    }
  });

  test('two nodes that open one at the same time keep the same one, in whatever order they learn of them', () => {
    // What the lower and the higher know when the other's connection comes in.
    const lowerKeepsOwn = !takesPlace(again, { name: 'lower/1', isOwn: true, incarnation: undefined }, true);
    const higherKeepsOwn = !takesPlace(again, { name: 'higher/1', isOwn: true, incarnation: undefined }, false);
    expect([lowerKeepsOwn, higherKeepsOwn]).toEqual([true, false]);
  });
});
