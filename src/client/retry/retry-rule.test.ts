import { describe, expect, test } from 'vitest';
import { type ErrorCode, errorTraits, KvError } from '../../errors.js';
import { backoffMs, firstBackoffMs, gaveUp, maxBackoffMs, mayRetry } from './retry-rule.js';

const codes = Object.keys(errorTraits) as ErrorCode[];

describe('retry rule', () => {
  test('a write - is retried only after a definite refusal that may not last', () => {
    for (const code of codes) {
      const traits = errorTraits[code];
      expect([code, mayRetry('write', new KvError(code, 'x'))]).toEqual([code, traits.executed === 'no' && traits.retryable]);
    }
  });

  test('a write - is never retried when the answer does not promise that nothing happened', () => {
    for (const code of codes) expect(mayRetry('write', new KvError(code, 'x', { executed: 'unknown' }))).toBe(false);
  });

  test('a read - is also retried after unknown outcomes, but not after a code for a lasting error', () => {
    for (const code of ['OUTCOME_UNKNOWN', 'DEADLINE_EXCEEDED', 'CANCELLED', 'INTERNAL', 'NO_PRIMARY'] as const)
      expect(mayRetry('read', new KvError(code, 'x'))).toBe(true);
    expect(mayRetry('read', new KvError('MESSAGE_TOO_LARGE', 'x', { executed: 'unknown' }))).toBe(false);
    expect(mayRetry('read', new KvError('INVALID_KEY', 'x'))).toBe(false);
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
});
