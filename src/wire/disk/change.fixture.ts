/** Changes of every kind, for the tests of the codec. */
import * as fc from 'fast-check';
import type { LogEntry } from '../../replication/index.js';
import { recordedAnswer } from '../peer/recorded-answer.fixture.js';
import type { LoggedChange } from './change-records.js';

export const seq = fc.oneof(fc.nat(300), fc.maxSafeNat());
const id = fc.string({ minLength: 1, maxLength: 20 });
const mark = fc.record({ epoch: seq, id, removals: fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined }) });
export const line = fc.record({ history: id, lineage: fc.array(mark, { minLength: 1, maxLength: 4 }) });

export const request = fc.record({
  client: id,
  number: seq,
  lowest: seq,
  fingerprint: fc.nat(2 ** 32 - 1),
  floor: seq,
  seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  answer: fc.option(recordedAnswer, { nil: undefined }),
});

const write = fc.record({
  key: fc.oneof(id, fc.string({ unit: 'grapheme', maxLength: 60 })),
  value: fc.option(
    fc.uint8Array({ maxLength: 100 }).map((bytes) => new Uint8Array(bytes)),
    { nil: undefined },
  ),
  expiresAtMs: fc.option(seq, { nil: undefined }),
});
const content = fc.record({
  writes: fc.array(write, { maxLength: 3 }),
  request: fc.option(request, { nil: undefined }),
  atMs: fc.option(seq, { nil: undefined }),
});

/** Entries with consecutive seqs. */
export const entries: fc.Arbitrary<LogEntry[]> = fc
  .tuple(fc.nat(2 ** 50), seq, fc.array(content, { minLength: 1, maxLength: 4 }))
  .map(([before, epoch, contents]) =>
    contents.map(({ writes, request: executed, atMs }, index) => {
      const at = before + index + 1;
      return { seq: at, epoch, writes, request: executed && { ...executed, seq: at }, atMs };
    }),
  );
export const runs = fc.array(fc.record({ epoch: seq, id, firstSeq: seq }), { maxLength: 3 });

export const change: fc.Arbitrary<LoggedChange> = fc.oneof(
  fc.record({ type: fc.constant('append' as const), entries, runs }),
  fc.record({ type: fc.constant('truncate' as const), afterSeq: seq }),
  fc.record({ type: fc.constant('epoch' as const), history: id, epoch: seq, epochId: id, removals: seq }),
  fc.record({ type: fc.constant('line' as const), line }),
  fc.record({
    type: fc.constant('reset' as const),
    baseSeq: seq,
    baseEpoch: seq,
    baseEpochId: fc.oneof(fc.constant(''), id),
    complete: fc.boolean(),
    requestFloor: seq,
    timeMs: seq,
  }),
  fc.record({ type: fc.constant('time' as const), timeMs: seq, isCorrection: fc.boolean() }),
  fc.record({
    type: fc.constant('rebase' as const),
    baseSeq: seq,
    baseEpoch: seq,
    baseEpochId: id,
    entries: fc.oneof(fc.constant([]), entries),
  }),
);
