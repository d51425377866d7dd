import { expect, it } from 'vitest';
import { Slots } from './slots.js';

it('numbers items, and uses the numbers of removed items again', () => {
  const slots = new Slots<string>(3);
  expect([slots.add('a'), slots.add('b'), slots.add('c')]).toEqual([0, 1, 2]);
  expect(() => slots.add('d')).toThrow(RangeError);
  slots.remove(1);
  expect(slots.count).toBe(2);
  expect(slots.add('e')).toBe(1);
  expect([slots.at(0), slots.at(1), slots.at(2)]).toEqual(['a', 'e', 'c']);
});
