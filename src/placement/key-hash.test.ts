import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyHash, shardOfKey, slotOfKey } from './index.js';

/** The definition: the remainder of a division of polynomials, bit by bit, without a table. */
function naiveCrc16(bytes: Uint8Array): number {
  let remainder = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const isOut = ((remainder >>> 15) ^ (byte >>> bit)) & 1;
      remainder = ((remainder << 1) & 0xffff) ^ (isOut === 1 ? 0x1021 : 0);
    }
  }
  return remainder;
}

const keys = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('{', '}', 'a', 'ä', '漢', '😀', '\ud800', '\udc00', '|'), maxLength: 12 }),
);

/** The naive second version of the rule. */
function tagOf(key: string): string {
  return /^[^{]*\{([^}]+)\}/s.exec(key)?.[1] ?? key;
}

describe('key hash', () => {
  test('is CRC-16/XMODEM of the hashed part in UTF-8, as the bitwise definition computes it', () => {
    fc.assert(
      fc.property(keys, (key) => {
        expect(keyHash(key)).toBe(naiveCrc16(Buffer.from(tagOf(key), 'utf8')));
      }),
      { numRuns: 2_000 },
    );
  });

  test('keys with the same tag share a slot, with any other text', () => {
    const tag = fc.string({ minLength: 1 }).filter((text) => !text.includes('}'));
    const before = fc.string().filter((text) => !text.includes('{'));
    fc.assert(
      fc.property(tag, before, fc.string(), (text, head, tail) => {
        expect(slotOfKey(`${head}{${text}}${tail}`)).toBe(slotOfKey(`{${text}}`));
      }),
    );
  });

  test('every test vector in the documents holds', () => {
    const text = readFileSync(new URL('../../docs/placement.md', import.meta.url), 'utf8');
    const row = /^\| `("[^`]*")` \|[^|]*\| `0x([0-9a-f]{4})` \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$/gm;
    const vectors = [...text.matchAll(row)];
    expect(vectors.length).toBeGreaterThanOrEqual(20);
    for (const [, key, hash, slot, ...shards] of vectors) {
      const parsed = JSON.parse(key!) as string;
      expect([parsed, keyHash(parsed), slotOfKey(parsed)]).toEqual([parsed, Number.parseInt(hash!, 16), Number(slot)]);
      expect([3, 16, 256, 1_000].map((shardCount) => shardOfKey(parsed, shardCount))).toEqual(shards.map(Number));
    }
  });

  test.each([
    ['123456789', 0x31c3],
    ['user:1', 10_778],
    ['foo{}{bar}', 8_363],
    ['foo{{bar}}zap', 4_015],
    ['foo{bar}{zap}', 5_061],
    ['{user1000}.following', 3_443],
    ['{user1000}.followers', 3_443],
  ])('the slot of %s is that of Redis Cluster', (key, slot) => {
    expect(slotOfKey(key)).toBe(slot);
  });

  test('shards of sequential keys are within a tenth of even', () => {
    const counts = new Array<number>(16).fill(0);
    for (let number = 0; number < 160_000; number++) counts[shardOfKey(`user:${number}`, 16)]! += 1;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(1_000);
  });
});
