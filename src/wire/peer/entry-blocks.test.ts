import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogEntry } from '../../replication/index.js';
import { ProtobufReader } from '../protobuf/protobuf-reader.js';
import { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import { type ReceivedAppend, readAppend } from './append-body.js';
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

  describe('that were received', () => {
    const sent = new EntryBlocks().encode(logOf(10));

    function received(...fields: Uint8Array[]): ReceivedAppend {
      const bytes = Buffer.concat(fields);
      return readAppend(new ProtobufReader(bytes), { bytes, header: undefined });
    }

    function encodedOf(append: ReceivedAppend, entries: readonly LogEntry[] = append.entries): Buffer {
      const blocks = new EntryBlocks();
      let whole: Buffer = Buffer.alloc(0);
      blocks.whileReceived(append, () => {
        whole = blocks.encode(entries)[0]!;
      });
      expect(encoded(blocks, entries).equals(whole)).toBe(true);
      return whole;
    }

    const number = new ProtobufWriter();
    number.uint64(1, 7);
    const other = number.take();

    test('have the bytes of the message while it is handled, and none of them afterwards', () => {
      const append = received(other, ...sent, other);
      const blocks = new EntryBlocks();
      blocks.whileReceived(append, () => {
        const [whole] = blocks.encode(append.entries);
        expect(whole!.buffer).toBe(append.encodedEntries!.buffer);
        expect(whole).toEqual(sent[0]);
      });
      expect(blocks.bytes).toBe(0);
      expect(blocks.encode(append.entries)[0]!.buffer).not.toBe(append.encodedEntries!.buffer);
    });

    test('are encoded where only some of them are written', () => {
      const append = received(...sent);
      expect(encodedOf(append, append.entries.slice(4)).equals(encoded(new EntryBlocks(), logOf(10).slice(4)))).toBe(true);
    });

    test('are encoded where something else lies between them in the message', () => {
      const [first, second] = [new EntryBlocks().encode(logOf(1)), new EntryBlocks().encode(logOf(2).slice(1))];
      const append = received(...first, other, ...second);
      expect(append.encodedEntries).toBeUndefined();
      expect(encodedOf(append).equals(encoded(new EntryBlocks(), logOf(2)))).toBe(true);
    });
  });

  test('have no bytes if there are no entries', () => {
    expect(new EntryBlocks().encode([])).toEqual([]);
  });
});
