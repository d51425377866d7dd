import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasAtMost } from './json-structure.js';

const exactly = (count: number, text: string): boolean =>
  hasAtMost(count, Buffer.from(text)) && (count === 0 || !hasAtMost(count - 1, Buffer.from(text)));

test.each([
  ['', 0],
  ['5', 0],
  ['{}', 1],
  ['[[],{}]', 4],
  ['{"a":1,"b":[1,2,3]}', 5],
  ['"{[,"', 0],
  ['"\\"{"', 0],
  ['"\\\\"{', 1],
  ['"\\\\\\"{"[', 1],
  ['"open {[,', 0],
  ['{"{tag}":"a,b"}', 1],
])('%s has %i objects, lists and separators outside of its strings', (text, count) => {
  expect(exactly(count, text)).toBe(true);
});

/** Every object, list, and every field or item but the first of each. */
function countOf(json: unknown): number {
  if (typeof json !== 'object' || json === null) return 0;
  const items = Object.values(json);
  return 1 + Math.max(0, items.length - 1) + items.reduce((sum, item) => sum + countOf(item), 0);
}

test('the count is that of the parsed JSON, whatever its strings are', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), (text) => {
      expect(exactly(countOf(JSON.parse(text)), text)).toBe(true);
    }),
  );
});
