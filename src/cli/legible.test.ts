import { expect, test } from 'vitest';
import { legible, legibleBytes, legibleJson, printable } from './legible.js';

test.each([
  ['user:1', 'user:1'],
  ['with blank', 'with blank'],
  ['ä\u{1f511}', 'ä\u{1f511}'],
  ['a\nb', '"a\\nb"'],
  ['\x1b[2J', '"\\u001b[2J"'],
  ['\x9b2J', '"\\u009b2J"'],
  ['a\u202eb', '"a\\u202eb"'],
  ['\u{e0001}', '"\\udb40\\udc01"'],
])('the key %j is printed as %s, and reads back the same', (key, shown) => {
  expect(printable(key)).toBe(shown);
  expect(shown === key ? key : JSON.parse(shown)).toBe(key);
});

test('in text, line breaks stay, and control characters are escaped', () => {
  expect(legible('one\n\ttwo ä')).toBe('one\n\ttwo ä');
  expect(legible('\x1b]0;title\x07 \r\x9b')).toBe('\\u001b]0;title\\u0007 \\u000d\\u009b');
});

test('JSON parses back to the same value for every text', () => {
  const value = { key: '\x9b\x7f\u202e\n"' };
  expect(legibleJson(value)).toBe('{"key":"\\u009b\\u007f\\u202e\\n\\""}');
  expect(JSON.parse(legibleJson(value))).toEqual(value);
});

test('bytes that are not UTF-8 are shown with every byte beyond ASCII escaped', () => {
  expect(legibleBytes(Buffer.from('ä\n'))).toBe('ä\n');
  expect(legibleBytes(Buffer.from([0x61, 0xff, 0x1b, 0x0a]))).toBe('a\\xff\\x1b\n');
});
