import { describe, expect, test } from 'vitest';
import { toValueBytes } from './arguments.js';

describe('values', () => {
  test.each(['\ud800', 'x\udc00x', '\udc00\ud800', '\ufffd\ud800'])('%j - a lone surrogate is refused', (value) => {
    expect(() => toValueBytes(value)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', executed: 'no' }));
  });

  test.each(['', '😀', '\ufffd', 'x\ufffd😀'])('%j - any other text is accepted unchanged', (value) => {
    expect(Buffer.from(toValueBytes(value)).toString()).toBe(value);
  });

  test('bytes - any are accepted', () => {
    const bytes = Uint8Array.of(0xed, 0xa0, 0x80);
    expect(toValueBytes(bytes)).toBe(bytes);
  });
});
