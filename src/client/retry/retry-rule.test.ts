import { describe, expect, test } from 'vitest';
import { type ErrorCode, errorTraits, KvError } from '../../errors.js';
import { backoffMs, finalError, firstBackoffMs, gaveUp, maxBackoffMs, mayRetry, namesNewPosition } from './retry-rule.js';

const codes = Object.keys(errorTraits) as ErrorCode[];

describe('retry rule', () => {
  test('a write - is retried only after a definite refusal that may not last', () => {
    for (const code of codes) {
      const traits = errorTraits[code];
      expect([code, mayRetry('write', new KvError(code, 'x'))]).toEqual([code, traits.executed === 'no' && traits.retryable]);
    }
  });

  test('a write that its shard would not recognise - is never retried when the answer does not promise that nothing happened', () => {
    for (const code of codes) expect(mayRetry('write', new KvError(code, 'x', { executed: 'unknown' }))).toBe(false);
  });

  test.each(['read', 'request'] as const)(
    'a %s - is also retried after unknown outcomes, but not after a lasting error',
    (access) => {
      for (const code of ['OUTCOME_UNKNOWN', 'DEADLINE_EXCEEDED', 'CANCELLED', 'INTERNAL', 'NO_PRIMARY'] as const)
        expect(mayRetry(access, new KvError(code, 'x', { executed: 'unknown' }))).toBe(true);
      for (const code of ['MESSAGE_TOO_LARGE', 'REQUEST_TOO_OLD', 'REQUEST_REUSED', 'MEMORY_FULL'] as const)
        expect(mayRetry(access, new KvError(code, 'x', { executed: 'unknown' }))).toBe(false);
      expect(mayRetry(access, new KvError('INVALID_KEY', 'x'))).toBe(false);
    },
  );

  test('a new position - is taken from a definite refusal only', () => {
    const position = { history: 'h', seq: 1 };
    expect(namesNewPosition(new KvError('REQUEST_TOO_OLD', 'x', { position }))).toBe(true);
    expect(namesNewPosition(new KvError('REQUEST_TOO_OLD', 'x'))).toBe(false);
    expect(namesNewPosition(new KvError('REQUEST_TOO_OLD', 'x', { position, executed: 'unknown' }))).toBe(false);
  });

  test('back-off - grows from small to bounded, half of it random', () => {
    expect(backoffMs(1, 0)).toBe(firstBackoffMs / 2);
    expect(backoffMs(1, 1)).toBe(firstBackoffMs);
    expect(backoffMs(1_000_000, 0)).toBe(maxBackoffMs / 2);
    for (let attempt = 1; attempt < 20; attempt += 1)
      expect(backoffMs(attempt + 1, 0.5)).toBeGreaterThanOrEqual(backoffMs(attempt, 0.5));
  });

  test('giving up - keeps code, meaning and hints, and adds how long it tried', () => {
    const last = new KvError('NO_PRIMARY', 'none', { primaryAddress: 'a:1' });
    const error = gaveUp(last, 7, 1_234.5);
    expect(error).toMatchObject({ code: 'NO_PRIMARY', executed: 'no', primaryAddress: 'a:1', cause: last });
    expect(error.message).toBe('none (gave up after 7 attempts in 1235 ms)');
  });

  describe('after an attempt with an unknown outcome', () => {
    const lost = new KvError('OUTCOME_UNKNOWN', 'lost');
    const judgements: ErrorCode[] = ['VERSION_MISMATCH', 'VALUE_MISMATCH', 'NOT_A_NUMBER', 'OUT_OF_RANGE', 'VALUE_TOO_LARGE'];

    test('no error is definite, and the cause of the end is named', () => {
      for (const code of codes.filter((one) => !judgements.includes(one))) {
        const error = finalError(new KvError(code, 'x', { executed: 'no' }), lost);
        expect([code, error.executed]).toEqual([code, 'unknown']);
        const isRefusal = errorTraits[code].executed === 'no';
        expect(error.code).toBe(isRefusal ? 'OUTCOME_UNKNOWN' : code);
        if (isRefusal) expect(error).toMatchObject({ message: `lost; then ${code}: x`, cause: { code } });
      }
    });

    test('the judgement of a primary is definite: it is the recorded answer', () => {
      for (const code of judgements) {
        const judged = new KvError(code, 'x');
        expect(finalError(judged, lost)).toBe(judged);
        expect(finalError(new KvError(code, 'x', { executed: 'unknown' }), lost).executed).toBe('unknown');
      }
    });

    test('the error of this attempt itself stays, except that a request is too old', () => {
      const large = new KvError('MESSAGE_TOO_LARGE', 'x', { executed: 'unknown' });
      expect(finalError(large, large)).toBe(large);
      const old = new KvError('REQUEST_TOO_OLD', 'x', { executed: 'unknown' });
      expect(finalError(old, old)).toMatchObject({ code: 'OUTCOME_UNKNOWN', message: 'REQUEST_TOO_OLD: x', cause: old });
    });
  });

  test('without such an attempt every error stays', () => {
    for (const code of codes) {
      const error = new KvError(code, 'x');
      expect(finalError(error, undefined)).toBe(error);
    }
  });
});
