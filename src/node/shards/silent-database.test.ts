import { describe, expect, test } from 'vitest';
import { SilentDatabase } from './silent-database.js';

const timeoutMs = 5_000;

/** Judges once a second. `silentMs`: at that moment. */
function judgements(from: number, count: number, silentMs: (nowMs: number) => number, database: SilentDatabase): boolean[] {
  return Array.from({ length: count }, (_, index) => {
    const nowMs = from + index * 1_000;
    return database.judge(silentMs(nowMs), nowMs);
  });
}

describe('a database', () => {
  test('gives no answer once a call has waited for longer than the timeout, until it is answered', () => {
    const database = new SilentDatabase(timeoutMs);
    const since = (nowMs: number): number => Math.max(0, nowMs - 2_500);
    expect(judgements(0, 10, since, database)).toEqual([...Array(8).fill(false), true, true]);
    expect(database.judge(0, 10_000)).toBe(false);
  });

  test('is not blamed for the time in which the node itself stood still', () => {
    const database = new SilentDatabase(timeoutMs);
    judgements(0, 2, () => 0, database);
    // The call was answered meanwhile, and the node has not read the answer.
    expect(database.judge(9_000, 10_000)).toBe(false);
    expect(judgements(11_000, 4, () => 0, database)).toEqual(Array(4).fill(false));
  });

  test('that is silent when the node wakes is noticed after another timeout', () => {
    const database = new SilentDatabase(timeoutMs);
    judgements(0, 2, () => 0, database);
    expect(judgements(10_000, 7, (nowMs) => nowMs - 1_000, database)).toEqual([...Array(6).fill(false), true]);
  });
});
