import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogEntry } from '../../replication/index.js';
import { EntryBlocks } from './entry-blocks.js';

function logOf(length: number, epoch = 1): LogEntry[] {
  const value = (seq: number) => (seq % 5 === 0 ? undefined : new Uint8Array(seq % 200).fill(seq));
  return Array.from({ length }, (_, i) => ({ seq: i + 1, epoch, writes: [{ key: `key-${i}`, value: value(i) }] }));
}

function encoded(blocks: EntryBlocks, entries: readonly LogEntry[]): Buffer {
  return Buffer.concat(blocks.encode(entries));
}

describe('encoded entries', () => {
  test('are the same after any earlier encodings', () => {
    const log = logOf(100);
    const ranges = fc.array(fc.tuple(fc.nat(99), fc.integer({ min: 1, max: 40 })), { maxLength: 40 });
    fc.assert(
      fc.property(ranges, (all) => {
        const blocks = new EntryBlocks();
        for (const [from, count] of all) {
          const entries = log.slice(from, from + count);
          expect(encoded(blocks, entries).equals(encoded(new EntryBlocks(), entries))).toBe(true);
        }
      }),
    );
  });

  test('of another history under the same seqs are different', () => {
    const blocks = new EntryBlocks();
    const [before, after] = [logOf(10, 1), logOf(10, 2)];
    encoded(blocks, before);
    expect(encoded(blocks, after).equals(encoded(new EntryBlocks(), after))).toBe(true);
    const mixed = [...before.slice(0, 5), ...after.slice(5)];
    expect(encoded(blocks, mixed).equals(encoded(new EntryBlocks(), mixed))).toBe(true);
  });

  test('are the same buffer that was made for the first backup', () => {
    const blocks = new EntryBlocks();
    const log = logOf(20);
    const first = blocks.encode(log.slice(0, 10))[0]!;
    const second = blocks.encode(log.slice(3, 20));
    expect(second).toHaveLength(2);
    expect(second[0]!.buffer).toBe(first.buffer);
    expect(second[0]!.byteOffset + second[0]!.length).toBe(first.byteOffset + first.length);
  });

  test('are kept up to the limit of all shards together, and encoding them again gives the same', () => {
    const shards = 256;
    const blocks = new EntryBlocks(shards);
    const large = (seq: number): LogEntry => ({ seq, epoch: 1, writes: [{ key: 'k', value: new Uint8Array(60_000).fill(seq) }] });
    const log = Array.from({ length: 12 }, (_, at) => large(at + 1));
    for (const count of [1, 2, 1, 8, 1]) {
      const entries = log.splice(0, count);
      const first = encoded(blocks, entries);
      expect(encoded(blocks, entries).equals(first)).toBe(true);
      expect(shards * blocks.bytes).toBeLessThanOrEqual(24 * 2 ** 20);
    }
    expect(encoded(blocks, logOf(3)).equals(encoded(new EntryBlocks(), logOf(3)))).toBe(true);
  });

  test('have no bytes if there are no entries', () => {
    expect(new EntryBlocks().encode([])).toEqual([]);
  });
});
