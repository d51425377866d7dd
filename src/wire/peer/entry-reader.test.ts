/** Groups of entries that no encoder of kvnode writes: what the reader makes of them, and what it refuses. */
import { join } from 'node:path';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import type { LogEntry } from '../../replication/index.js';
import { protoFolder } from '../contract/proto-files.js';
import { MalformedMessage, ProtobufReader } from '../protobuf/protobuf-reader.js';
import { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import { encodeEntries } from './encoded-entries.js';
import { EntryReader } from './entry-reader.js';

const root = new protobuf.Root().loadSync(join(protoFolder, 'kv/internal/v1/replication.proto'));
const groupType = root.lookupType('kv.internal.v1.EntryGroup');

/** Reads fields with entries, as an Append and a record of the log have them. */
function read(fields: Uint8Array): readonly LogEntry[] {
  const bytes = Buffer.from(fields);
  const reader = new ProtobufReader(bytes);
  const entryReader = new EntryReader(reader);
  while (reader.more) entryReader.read(reader.tag());
  return entryReader.entries;
}

/** @param group the content of the message */
function asField(group: Uint8Array): Uint8Array {
  const writer = new ProtobufWriter();
  writer.bytes(10, group);
  return writer.take();
}

function readGroup(group: object): readonly LogEntry[] {
  return read(asField(groupType.encode(groupType.fromObject(group)).finish()));
}

const numbered = (...requestNumbers: number[]) => ({ writes: [{ key: 'k' }], requestNumbers });

describe('a group of entries', () => {
  test.each([
    ['a client beyond those of the group', { clients: ['one'], firstSeq: 1, epoch: 1, entries: [numbered(1, 1, 0, 1)] }],
    ['a client where the group names none', { firstSeq: 1, epoch: 1, entries: [numbered(0, 1, 0, 1)] }],
    ['a lowest number below zero', { clients: ['one'], firstSeq: 1, epoch: 1, entries: [numbered(0, 1, 2, 1)] }],
    ['too few numbers of a request', { clients: ['one'], firstSeq: 1, epoch: 1, entries: [numbered(0, 1, 0)] }],
    ['seqs beyond 2^53', { firstSeq: Number.MAX_SAFE_INTEGER, epoch: 1, entries: [numbered(), numbered()] }],
  ])('with %s is malformed', (_what, group) => {
    expect(() => readGroup(group)).toThrow(MalformedMessage);
  });

  test('names its clients for its own entries alone', () => {
    const named = groupType.encode(
      groupType.fromObject({ clients: ['one'], firstSeq: 1, epoch: 1, entries: [numbered(0, 1, 0, 1)] }),
    );
    const other = groupType.encode(groupType.fromObject({ firstSeq: 2, epoch: 1, entries: [numbered(0, 2, 0, 1)] }));
    const [first, second] = [asField(named.finish()), asField(other.finish())];
    expect(read(first)).toMatchObject([{ seq: 1, request: { client: 'one' } }]);
    expect(() => read(Buffer.concat([first, second]))).toThrow(MalformedMessage);
  });

  test('whose numbers of a request have no content, or no end, is malformed', () => {
    for (const numbers of [[], [0x80], [0, 0x80], [0, 1, 0, 0x80, 0x80], [0, ...new Array(11).fill(0xff), 0]]) {
      const entry = Buffer.from([(7 << 3) | 2, numbers.length, ...numbers]);
      const group = Buffer.concat([Buffer.from('\x0a\x03one'), Buffer.from([(4 << 3) | 2, entry.length]), entry]);
      expect(() => read(asField(group))).toThrow(MalformedMessage);
    }
  });

  test('with any byte changed, added or taken away is read or malformed', () => {
    const request = (seq: number) => ({
      client: `client ${seq % 3}`,
      number: 300 * seq,
      lowest: 299 * seq,
      fingerprint: 2 ** 31 + seq,
      floor: seq === 4 ? 2 : 0,
      seq,
      answer: seq % 2 === 0 ? ({ kind: 'wrote', operations: 2 } as const) : undefined,
    });
    const entries = [1, 2, 3, 4, 5].map((seq): LogEntry => {
      return {
        seq,
        epoch: seq < 4 ? 1 : 2,
        writes: [{ key: `k${seq}`, value: new Uint8Array(3) }],
        request: request(seq),
        atMs: 7,
      };
    });
    const whole = Buffer.from(encodeEntries(new ProtobufWriter(), 7, entries, 0).bytes);
    expect(read(whole)).toEqual(entries);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(2), fc.uint8Array({ minLength: 1, maxLength: 3 }), (at, taken, put) => {
        const group = Buffer.concat([whole.subarray(2, Math.max(2, at)), put, whole.subarray(Math.max(2, at) + taken)]);
        try {
          for (const { seq, request: found } of read(asField(group))) {
            expect(Number.isSafeInteger(seq)).toBe(true);
            if (found !== undefined) expect(found.lowest).toBeGreaterThanOrEqual(0);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
