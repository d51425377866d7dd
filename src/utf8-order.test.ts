import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareUtf8, successorOf } from './utf8-order.js';

const units = ['\u0000', 'a', 'z', 'é', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{1f511}', '\u{10ffff}'];
const texts = fc.oneof(
  fc.array(fc.constantFrom(...units), { maxLength: 4 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary' }),
);

describe('the order of UTF-8', () => {
  it('is that of the bytes', () => {
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        expect(Math.sign(compareUtf8(one, other))).toBe(Buffer.compare(Buffer.from(one), Buffer.from(other)));
      }),
      { seed: 8, numRuns: 2_000 },
    );
  });

  it('has no text between one and its successor', () => {
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        const isBehind = compareUtf8(other, one) > 0;
        expect(compareUtf8(other, successorOf(one)) >= 0).toBe(isBehind);
      }),
      { seed: 8, numRuns: 2_000 },
    );
  });
});
