import { expect, test } from 'vitest';
import { printable } from './output.js';

test.each([
  ['user:1', 'user:1'],
  ['with blank', 'with blank'],
  ['ä\u{1f511}', 'ä\u{1f511}'],
  ['a\nb', '"a\\nb"'],
  ['\x1b[2J', '"\\u001b[2J"'],
  ['\x9b2J', '"\\u009b2J"'],
  ['a\u202eb', '"a\\u202eb"'],
  ['\u{e0001}', '"\\udb40\\udc01"'],
])('kvctl - the key %j is printed as %s, and reads back the same', (key, shown) => {
  expect(printable(key)).toBe(shown);
  expect(shown === key ? key : JSON.parse(shown)).toBe(key);
});
