import { expect, test } from 'vitest';
import { type ErrorCode, errorTraits, KvError } from '../../errors.js';
import { attemptMs, keepableMs, mayTryAgain, pauseBeforeAttemptMs } from './try-again.js';

const codes = Object.keys(errorTraits) as ErrorCode[];

test('a write is tried again after the temporary refusals that a full queue does not cause', () => {
  for (const kind of ['put', 'delete'] as const)
    expect(codes.filter((code) => mayTryAgain(kind, new KvError(code, '')))).toEqual([
      ...['NO_PRIMARY', 'NOT_PRIMARY', 'TAKEOVER_IN_PROGRESS', 'HANDOVER_IN_PROGRESS', 'LEASE_LAPSED', 'PAUSED'],
      ...['TOO_FEW_IN_SYNC', 'SHARD_OFFLINE', 'STOPPING', 'UNREACHABLE'],
    ]);
});

test('an unknown outcome ends a write, whatever its code, and a get is tried again where no answer came', () => {
  for (const code of codes) expect(mayTryAgain('put', new KvError(code, '', { executed: 'unknown' }))).toBe(false);
  const unknown = codes.filter((code) => mayTryAgain('get', new KvError(code, '', { executed: 'unknown' })));
  expect(unknown).toEqual(['OUTCOME_UNKNOWN', 'DEADLINE_EXCEEDED']);
});

test('the pauses grow to a bound, and half of each is random', () => {
  const pauses = (random: number) => [0, 1, 2, 10, 1_000].map((attempts) => pauseBeforeAttemptMs(attempts, random));
  expect(pauses(0)).toEqual([5, 10, 20, 125, 125]);
  expect(pauses(0.5)).toEqual([7.5, 15, 30, 187.5, 187.5]);
});

test('a call is kept until shortly before its deadline, and a get does not wait that long for one node', () => {
  expect([0, 50, 1_000, 60_000].map(keepableMs)).toEqual([0, 45, 900, 59_900]);
  expect([attemptMs('get', 500), attemptMs('get', 60_000), attemptMs('put', 60_000)]).toEqual([500, 2_000, 60_000]);
});
