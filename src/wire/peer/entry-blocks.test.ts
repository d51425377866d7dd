import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClusterFormat, supportedFormats } from '../../formats.js';
import type { LogEntry, RecordedRequest } from '../../replication/index.js';
import { ProtobufReader } from '../protobuf/protobuf-reader.js';
import { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import { type ReceivedAppend, readAppend } from './append-body.js';
import { EntryBlocks } from './entry-blocks.js';

/** More clients than a group names, with answers and floors now and then. */
function requestOf(seq: number): RecordedRequest | undefined {
  if (seq % 7 === 0) return undefined;
  const answer = seq % 11 === 0 ? ({ kind: 'wrote', operations: 2 } as const) : undefined;
  const client = `client-${seq % (seq < 50 ? 3 : 13)}`;
  return { client, number: 300 * seq, lowest: 299 * seq, fingerprint: 2 ** 28 - seq, floor: seq % 17 === 0 ? 3 : 0, seq, answer };
}

function logOf(length: number, epoch = 1): LogEntry[] {
  const value = (seq: number) => (seq % 5 === 0 ? undefined : new Uint8Array(seq % 200).fill(seq));
  return Array.from({ length }, (_, i) => {
    const writes = [{ key: `key-${i}`, value: value(i) }];
    return { seq: i + 1, epoch, writes, request: requestOf(i + 1) };
  });
}

function encoded(blocks: EntryBlocks, entries: readonly LogEntry[]): Buffer {
  return Buffer.concat(blocks.encode(entries));
}

function received(...fields: readonly Uint8Array[]): ReceivedAppend {
  const bytes = Buffer.concat(fields);
  return readAppend(new ProtobufReader(bytes), { bytes, header: undefined });
}

function read(bytes: Uint8Array): readonly LogEntry[] {
  return received(bytes).entries;
}

describe.each([6, 7])('encoded entries of format %i', (inUse) => {
  const newBlocks = (shards?: number) => new EntryBlocks({ inUse }, shards);

  test('are read as they are in the log, after any earlier encodings', () => {
    const log = logOf(100);
    const ranges = fc.array(fc.tuple(fc.nat(99), fc.integer({ min: 1, max: 40 })), { maxLength: 15 });
    fc.assert(
      fc.property(ranges, (all) => {
        const blocks = newBlocks();
        for (const [from, count] of all) {
          const entries = log.slice(from, from + count);
          expect(read(encoded(blocks, entries))).toEqual(entries);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('of another history under the same seqs are different', () => {
    const blocks = newBlocks();
    const [before, after] = [logOf(10, 1), logOf(10, 2)];
    encoded(blocks, before);
    expect(read(encoded(blocks, after))).toEqual(after);
    const mixed = [...before.slice(0, 5), ...after.slice(5)];
    expect(read(encoded(blocks, mixed))).toEqual(mixed);
    expect(read(encoded(newBlocks(), mixed))).toEqual(mixed);
  });

  test('are in the buffer that was made for the first backup', () => {
    const blocks = newBlocks();
    const log = logOf(20);
    const first = blocks.encode(log.slice(0, 10))[0]!;
    const second = blocks.encode(log.slice(3, 20));
    const end = (bytes: Uint8Array) => bytes.byteOffset + bytes.length;
    expect(second.some((piece) => piece.buffer === first.buffer && end(piece) === end(first))).toBe(true);
  });

  test('are kept up to the limit of all shards together, and encoding them again gives the same', () => {
    const shards = 256;
    const blocks = newBlocks(shards);
    const large = (seq: number): LogEntry => ({ seq, epoch: 1, writes: [{ key: 'k', value: new Uint8Array(60_000).fill(seq) }] });
    const log = Array.from({ length: 12 }, (_, at) => large(at + 1));
    for (const count of [1, 2, 1, 8, 1]) {
      const entries = log.splice(0, count);
      const first = encoded(blocks, entries);
      expect(encoded(blocks, entries).equals(first)).toBe(true);
      expect(shards * blocks.bytes).toBeLessThanOrEqual(24 * 2 ** 20);
    }
    expect(read(encoded(blocks, logOf(3)))).toEqual(logOf(3));
  });

  describe('that were received', () => {
    const sent = newBlocks().encode(logOf(10));

    function encodedOf(append: ReceivedAppend, entries: readonly LogEntry[] = append.entries): Uint8Array {
      const blocks = newBlocks();
      let whole: Uint8Array = Buffer.alloc(0);
      blocks.whileReceived(append, () => {
        whole = blocks.encode(entries)[0]!;
      });
      return whole;
    }

    const number = new ProtobufWriter();
    number.uint64(1, 7);
    const other = number.take();

    test('have the bytes of the message while it is handled, and none of them afterwards', () => {
      const append = received(other, ...sent, other);
      const blocks = newBlocks();
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
      expect(read(encodedOf(append, append.entries.slice(4)))).toEqual(logOf(10).slice(4));
    });

    test('are encoded where something else lies between them in the message', () => {
      const [first, second] = [newBlocks().encode(logOf(1)), newBlocks().encode(logOf(2).slice(1))];
      const append = received(...first, other, ...second);
      expect(append.encodedEntries).toBeUndefined();
      expect(read(encodedOf(append))).toEqual(logOf(2));
    });
  });

  test('have no bytes if there are no entries', () => {
    expect(newBlocks().encode([])).toEqual([]);
  });
});

test('entries are encoded again when the cluster takes a newer format into use, and take fewer bytes', () => {
  const format = new ClusterFormat(supportedFormats, 6);
  const blocks = new EntryBlocks(format);
  const entries = logOf(40);
  const before = encoded(blocks, entries);
  format.learn(7);
  const after = encoded(blocks, entries);
  expect(after.equals(encoded(new EntryBlocks({ inUse: 7 }), entries))).toBe(true);
  expect(after.length).toBeLessThan(before.length - 10 * entries.length);
});
