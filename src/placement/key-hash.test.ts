import { readFileSync } from 'node:fs';
import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyHash, shardOfKey } from './key-hash.js';

/** The bitwise definition, without a table. */
function naiveCrc32(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  }
  return ~remainder >>> 0;
}

/** Node.js has CRC-32 in zlib from 20.15 on. */
const reference = typeof zlibCrc32 === 'function' ? (bytes: Uint8Array) => zlibCrc32(bytes) : naiveCrc32;

const keys = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('{', '}', 'a', 'ä', '漢', '😀', '\ud800', '|'), maxLength: 12 }),
);

/** The naive second version of the rule. */
function tagOf(key: string): string {
  return /^[^{]*\{([^}]+)\}/s.exec(key)?.[1] ?? key;
}

describe('key hash', () => {
  test('is CRC-32 of the hashed part in UTF-8, as zlib and the bitwise definition compute it', () => {
    fc.assert(
      fc.property(keys, (key) => {
        const bytes = Buffer.from(tagOf(key), 'utf8');
        expect(keyHash(key)).toBe(reference(bytes));
        expect(keyHash(key)).toBe(naiveCrc32(bytes));
      }),
    );
  });

  test('keys with the same tag share a shard, with any other text', () => {
    const tag = fc.string({ minLength: 1 }).filter((text) => !text.includes('}'));
    const before = fc.string().filter((text) => !text.includes('{'));
    fc.assert(
      fc.property(tag, before, fc.string(), fc.integer({ min: 1, max: 16_384 }), (text, head, tail, shardCount) => {
        expect(shardOfKey(`${head}{${text}}${tail}`, shardCount)).toBe(shardOfKey(`{${text}}`, shardCount));
      }),
    );
  });

  test('every test vector in the documents holds', () => {
    const text = readFileSync(new URL('../../docs/placement.md', import.meta.url), 'utf8');
    const vectors = [...text.matchAll(/^\| `("[^`]*")` \|[^|]*\| `0x([0-9a-f]{8})` \| (\d+) \| (\d+) \| (\d+) \|$/gm)];
    expect(vectors.length).toBeGreaterThanOrEqual(12);
    for (const [, key, hash, of16, of256, of1000] of vectors) {
      const parsed = JSON.parse(key!) as string;
      expect([parsed, keyHash(parsed)]).toEqual([parsed, Number.parseInt(hash!, 16)]);
      expect([16, 256, 1_000].map((shardCount) => shardOfKey(parsed, shardCount))).toEqual([of16, of256, of1000].map(Number));
    }
  });

  test('shards of sequential keys are within a tenth of even', () => {
    const counts = new Array<number>(16).fill(0);
    for (let number = 0; number < 160_000; number++) counts[shardOfKey(`user:${number}`, 16)]! += 1;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(1_000);
  });
});
