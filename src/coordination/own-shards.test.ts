import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Rounds } from './own-shards.js';

test('going round - few are looked after every time', () => {
  const rounds = new Rounds(4);
  for (let turn = 0; turn < 3; turn++) expect([...rounds.next([2, 0, 1])].sort()).toEqual([0, 1, 2]);
});

test('going round - of many each has its turn, and none a second one before all others', () => {
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

test('going round - goes on where it was when some come and go', () => {
  const rounds = new Rounds(2);
  expect(rounds.next([1, 2, 3, 4])).toEqual([1, 2]);
  expect(rounds.next([0, 1, 4, 5])).toEqual([4, 5]);
  expect(rounds.next([])).toEqual([]);
  expect(rounds.next([0, 1])).toEqual([0, 1]);
});
