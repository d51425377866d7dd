import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { supportedFormats } from '../../formats.js';
import type { LogEntry } from '../../replication/index.js';
import { EntryBlocks } from '../peer/entry-blocks.js';
import { valueView } from '../peer/entry-reader.js';
import { MalformedMessage } from '../protobuf/protobuf-reader.js';
import { change, entries, line, runs, seq } from './change.fixture.js';
import {
  type AppendChange,
  type EncodedRecord,
  encodeChange,
  encodeComplete,
  encodeRepeat,
  type RecordedChange,
  readChange,
} from './change-records.js';
import { recordTypes } from './record-types.js';
import { encodeReference, encodeRenamed, encodeReplica, readReference, readRenamed, readReplica } from './replica-records.js';

const empty = fc.record({ epoch: seq, epochId: fc.string(), requestFloor: seq, timeMs: seq });
const reference = fc.record({
  writerId: fc.string(),
  resets: seq,
  seq,
  throughSeq: seq,
  empty: fc.option(empty, { nil: undefined }),
});
/** In these formats entries are encoded differently. */
const formats = [6, 7];
const newest = { inUse: supportedFormats.newest };
const blocks = new EntryBlocks(newest);

/** Where an entry writes a value, its request has counted: the answer is that value, which is encoded once. */
function withSums(written: readonly LogEntry[]): readonly LogEntry[] {
  return written.map((entry) => {
    const sum = entry.writes[0]?.value;
    if (entry.request === undefined || sum === undefined || sum.length === 0) return entry;
    return { ...entry, request: { ...entry.request, answer: { kind: 'counted', sum } } };
  });
}

function read({ type, pieces }: EncodedRecord): RecordedChange | undefined {
  return readChange(type, Buffer.concat(pieces));
}

describe('records of changes', () => {
  test.each(formats)('a change is read as it was written in format %i', (inUse) => {
    const encoder = new EntryBlocks({ inUse });
    fc.assert(
      fc.property(change, seq, (written, appliedSeq) => {
        expect(read(encodeChange(written, appliedSeq, encoder))).toEqual({ change: written, appliedSeq });
      }),
    );
  });

  test('the end of a received snapshot names its file', () => {
    fc.assert(
      fc.property(reference, seq, (snapshot, appliedSeq) => {
        expect(read(encodeComplete(appliedSeq, snapshot))).toEqual({ change: { type: 'complete' }, appliedSeq, snapshot });
      }),
    );
  });

  test('repeated entries are read as appended ones', () => {
    fc.assert(
      fc.property(entries, runs, seq, (written, epochs, appliedSeq) => {
        const append = { type: 'append' as const, entries: written, runs: epochs };
        expect(read(encodeRepeat(append, appliedSeq, blocks))).toEqual({ change: append, appliedSeq });
      }),
    );
  });

  test('entries have the bytes that backups are sent, without being encoded again', () => {
    const shared = new EntryBlocks(newest);
    const written = fc.sample(entries, { numRuns: 1, seed: 1 })[0]!;
    const [sent] = shared.encode(written);
    const { pieces } = encodeChange({ type: 'append', entries: written, runs: [] }, 0, shared);
    expect(pieces.at(-1)!.buffer).toBe(sent!.buffer);
    expect(pieces.at(-1)).toEqual(sent);
  });

  test.each(formats)('with values that are views, what entries record outlives the memory of the record (format %i)', (inUse) => {
    const encoder = new EntryBlocks({ inUse });
    fc.assert(
      fc.property(entries.map(withSums), (written) => {
        const { type, pieces } = encodeChange({ type: 'append', entries: written, runs: [] }, 0, encoder);
        const memory = Buffer.concat(pieces);
        const { change: found } = readChange(type, memory, valueView)!;
        expect(found).toEqual({ type: 'append', entries: written, runs: [] });
        const requests = structuredClone(written.map(({ request }) => request));
        memory.fill(0xff);
        expect((found as AppendChange).entries.map(({ request }) => request)).toEqual(requests);
      }),
    );
  });

  test('no bytes make the reader throw anything but MalformedMessage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.integer({ min: 0, max: 14 }), (bytes, type) => {
        try {
          readChange(type, Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('a record of another kind is no change', () => {
    for (const type of [recordTypes.replica, recordTypes.snapshot, recordTypes.renamed, recordTypes.left, 200])
      expect(readChange(type, Buffer.alloc(0))).toBeUndefined();
  });
});

describe('records of replicas', () => {
  const metadata = fc.record({
    history: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
    epoch: seq,
    epochId: fc.string(),
    epochRemovals: seq,
    line: fc.option(line, { nil: undefined }),
    complete: fc.boolean(),
    loggedTimeMs: seq,
    resets: seq,
    end: fc.record({ seq, epoch: seq, epochId: fc.string() }),
  });

  test('metadata are read as they were written', () => {
    const replica = fc.record({ metadata, snapshot: fc.option(reference, { nil: undefined }) });
    fc.assert(
      fc.property(replica, (written) => {
        expect(readReplica(encodeReplica(written))).toEqual(written);
      }),
    );
  });

  test('the name of a snapshot file is read as it was written', () => {
    fc.assert(
      fc.property(reference, (written) => {
        expect(readReference(encodeReference(written))).toEqual(written);
      }),
    );
  });

  test('a new id is read as it was written', () => {
    expect(readRenamed(encodeRenamed('0123456789abcdef'))).toBe('0123456789abcdef');
  });
});
