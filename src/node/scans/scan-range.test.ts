import fc from 'fast-check';
import { expect, test } from 'vitest';
import { boundsOf, endOfPrefix } from './scan-range.js';

const whole = { from: '', to: '', prefix: '', after: '', reverse: false };
const compare = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));
/** Texts with code points on both sides of each border of UTF-8 and of UTF-16. */
const text = fc
  .array(
    fc.constantFrom('a', 'b', '\u007f', '\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'),
    {
      maxLength: 4,
    },
  )
  .map((characters) => characters.join(''));

function belongs(bounds: Parameters<typeof boundsOf>[0], key: string): boolean {
  const range = boundsOf(bounds);
  return range !== undefined && compare(key, range.from) >= 0 && (range.to === undefined || compare(key, range.to) < 0);
}

test('the range of a prefix - has exactly the keys that begin with it', () => {
  fc.assert(
    fc.property(text, text, (prefix, key) => {
      expect(belongs({ ...whole, prefix }, key)).toBe(key.startsWith(prefix));
    }),
  );
});

test('the end of a prefix - follows the last code point that is not the greatest', () => {
  expect([endOfPrefix('user:'), endOfPrefix('a\ud7ff'), endOfPrefix('a\u{10ffff}\u{10ffff}')]).toEqual(['user;', 'a\ue000', 'b']);
  expect([endOfPrefix(''), endOfPrefix('\u{10ffff}')]).toEqual([undefined, undefined]);
});

test('a scan that goes on after a key - has the keys behind it, in its direction', () => {
  fc.assert(
    fc.property(text, text, text, text, fc.boolean(), (one, other, after, key, reverse) => {
      const [from, to] = [one, other].sort(compare) as [string, string];
      const isInRange = compare(key, from) >= 0 && (to === '' || compare(key, to) < 0);
      const isBehind = after === '' || (reverse ? compare(key, after) < 0 : compare(key, after) > 0);
      expect(belongs({ ...whole, from, to, after, reverse }, key)).toBe(isInRange && isBehind);
    }),
  );
});

test.each([
  ['that ends before it begins', { from: 'b', to: 'a' }],
  ['and a prefix', { from: 'a', prefix: 'a' }],
  ['whose bounds are longer than a key', { to: 'ü'.repeat(513) }],
])('a range %s is refused', (_, bounds) => {
  expect(() => boundsOf({ ...whole, ...bounds })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});

test('a range without room for a key is empty', () => {
  expect(boundsOf({ ...whole, from: 'a', to: 'a' })).toBeUndefined();
});
