import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Rounds } from './own-shards.js';

test('rounds - a set that fits into one turn is visited wholly at every turn', () => {
  const rounds = new Rounds(4);
  for (let turn = 0; turn < 3; turn++) expect([...rounds.next([2, 0, 1])].sort()).toEqual([0, 1, 2]);
});

test('rounds - no number has a second turn before every other number had its first', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(1_000), { minLength: 1, maxLength: 50 }),
      fc.integer({ min: 1, max: 10 }),
      (all, perTurn) => {
        const rounds = new Rounds(perTurn);
        const seen: number[] = [];
        while (seen.length < all.length) seen.push(...rounds.next(all));
        expect(new Set(seen.slice(0, all.length)).size).toBe(all.length);
      },
    ),
  );
});

test('rounds - continues at the same place when numbers are added or removed', () => {
  const rounds = new Rounds(2);
  expect(rounds.next([1, 2, 3, 4])).toEqual([1, 2]);
  expect(rounds.next([0, 1, 4, 5])).toEqual([4, 5]);
  expect(rounds.next([])).toEqual([]);
  expect(rounds.next([0, 1])).toEqual([0, 1]);
});
