import { expect, test } from 'vitest';
import { type ErrorCode, errorTraits, KvError } from '../../errors.js';
import { attemptMs, keepableMs, mayTryAgain, pauseBeforeAttemptMs } from './try-again.js';

const codes = Object.keys(errorTraits) as ErrorCode[];

test.each([false, true])(
  'is tried again after the temporary refusals that a full queue does not cause (repeatable: %s)',
  (may) => {
    expect(codes.filter((code) => mayTryAgain(new KvError(code, '', { executed: 'no' }), may))).toEqual([
      ...['NO_PRIMARY', 'NOT_PRIMARY', 'TAKEOVER_IN_PROGRESS', 'HANDOVER_IN_PROGRESS', 'LEASE_LAPSED', 'PAUSED'],
      ...['TOO_FEW_IN_SYNC', 'SHARD_OFFLINE', 'STOPPING', 'STORAGE_UNAVAILABLE', 'UNREACHABLE'],
    ]);
  },
);

test('where no answer came only a get, or a write with an identity, is tried again', () => {
  const unknown = codes.map((code) => new KvError(code, '', { executed: 'unknown' }));
  expect(unknown.filter((error) => mayTryAgain(error, false))).toEqual([]);
  const repeated = unknown.filter((error) => mayTryAgain(error, true)).map(({ code }) => code);
  expect(repeated).toEqual(['OUTCOME_UNKNOWN', 'DEADLINE_EXCEEDED']);
});

test('the pauses grow to a bound, and half of each is random', () => {
  const pauses = (random: number) => [0, 1, 2, 10, 1_000].map((attempts) => pauseBeforeAttemptMs(attempts, random));
  expect(pauses(0)).toEqual([5, 10, 20, 125, 125]);
  expect(pauses(0.5)).toEqual([7.5, 15, 30, 187.5, 187.5]);
});

test('a call is kept until shortly before its deadline, and one that may be repeated does not wait that long for one node', () => {
  expect([0, 50, 1_000, 60_000].map(keepableMs)).toEqual([0, 45, 900, 59_900]);
  expect([attemptMs(500, true), attemptMs(60_000, true), attemptMs(60_000, false)]).toEqual([500, 2_000, 60_000]);
});
