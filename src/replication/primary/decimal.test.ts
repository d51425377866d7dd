import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isGreater, readDecimal, readPlainInteger, writeDecimal } from './decimal.js';

const scale = 10n ** 17n;
const scaledNumber = fc.bigInt({ min: -(2n ** 63n) * scale, max: (2n ** 63n - 1n) * scale });

describe('decimal', () => {
  test.each(['0', '1', '-1', '12.5', '-0.00000000000000001', '9223372036854775807', '-9223372036854775808', '3.14'])(
    '%s is read and written as it is',
    (text) => {
      expect(writeDecimal(readDecimal(text)!)).toBe(text);
    },
  );

  test.each([
    ['1.50', '1.5'],
    ['-0', '0'],
    ['-0.0', '0'],
    ['7.000', '7'],
  ])('%s is written as %s', (text, written) => {
    expect(writeDecimal(readDecimal(text)!)).toBe(written);
  });

  test.each(['', '+1', '01', '1.', '.5', '1e3', ' 1', '1 ', '--1', 'NaN', '1.123456789012345678', '12345678901234567890'])(
    '%j is no number',
    (text) => {
      expect(readDecimal(text)).toBeUndefined();
    },
  );

  test.each(['9223372036854775808', '9223372036854775807.1', '-9223372036854775809', '-9223372036854775808.5'])(
    '%s is out of range',
    (text) => {
      expect(readDecimal(text)).toBeUndefined();
    },
  );

  test('numbers are compared by what they mean', () => {
    fc.assert(
      fc.property(scaledNumber, scaledNumber, (one, other) => {
        expect(isGreater(writeDecimal(one), writeDecimal(other))).toBe(one > other);
      }),
    );
    expect([isGreater('1.10', '1.1'), isGreater('x', '0'), isGreater('0', '')]).toEqual([false, false, false]);
  });

  test('every number in range survives', () => {
    fc.assert(
      fc.property(scaledNumber, (scaled) => {
        expect(readDecimal(writeDecimal(scaled))).toBe(scaled);
      }),
    );
  });

  test('a plain integer is read as the number that it is as a decimal, from text and from bytes', () => {
    const texts = fc.oneof(
      fc.maxSafeInteger().map(String),
      fc.integer({ min: -20, max: 20 }).map(String),
      fc.constantFrom(
        '',
        '-',
        '-0',
        '00',
        '01',
        '-01',
        '+1',
        '1.5',
        '1e3',
        ' 1',
        '999999999999999',
        '-999999999999999',
        '1000000000000000',
      ),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const read = readPlainInteger(text);
        expect(readPlainInteger(new TextEncoder().encode(text))).toBe(read);
        if (read === undefined) return;
        expect(BigInt(read) * scale).toBe(readDecimal(text));
        expect(String(read)).toBe(text);
      }),
    );
    expect(readPlainInteger('999999999999999')).toBe(999_999_999_999_999);
    expect(readPlainInteger('1000000000000000')).toBeUndefined();
  });
});
