import { describe, expect, it } from 'vitest';
import { PersistentCalls } from './persistent-calls.js';
import { DatabaseError } from './state-database.js';

class Answers {
  readonly failed: string[] = [];
  readonly lost: string[] = [];
  readonly calls: PersistentCalls;
  attempts = 0;
  isAway = false;

  constructor(most?: number) {
    this.calls = new PersistentCalls({
      ...(most === undefined ? {} : { most }),
      onLost: (error) => this.lost.push(error.message),
      onFailed: (error) => this.failed.push(error.message),
    });
  }

  readonly call = async (): Promise<number> => {
    this.attempts++;
    if (this.isAway) throw new DatabaseError('away');
    return this.attempts;
  };
}

describe('calls that are repeated until they are answered', () => {
  it('answer at once if the database does', () => {
    const { calls } = new Answers();
    expect(calls.answer(() => 7)).toBe(7);
    expect([calls.waiting, calls.waitingForMs(performance.now())]).toEqual([0, 0]);
  });

  it('try one call again while the database is away, and all of them once it is back', async () => {
    const answers = new Answers();
    answers.isAway = true;
    const calls = Array.from({ length: 10 }, () => answers.calls.run(answers.call));
    const behind = answers.calls.answer<string>(() => {
      if (answers.isAway) throw new DatabaseError('away at once');
      return 'back';
    });
    while (answers.attempts < 14) await new Promise(setImmediate);
    expect(answers.calls.waiting).toBe(11);
    expect(answers.calls.waitingForMs(performance.now())).toBeGreaterThan(0);
    answers.isAway = false;
    expect((await Promise.all(calls)).every((attempt) => attempt > 14)).toBe(true);
    expect(await behind).toBe('back');
    expect(answers.failed).toEqual(['away']);
    expect(answers.lost).toEqual([]);
    expect([answers.calls.waiting, answers.calls.waitingForMs(performance.now())]).toEqual([0, 0]);
  });

  it('refuse more than may wait', async () => {
    const { calls } = new Answers(1);
    let answer!: (value: string) => void;
    const first = calls.answer(() => new Promise<string>((resolve) => (answer = resolve)));
    await expect(calls.answer(async () => 'second')).rejects.toThrow('too many');
    expect(calls.answer(() => 'at once')).toBe('at once');
    answer('first');
    expect(await first).toBe('first');
  });

  it.each([
    ['a lost database', new DatabaseError('somebody else writes', { isLost: true })],
    ['a wrong implementation', new TypeError('not a function')],
  ])('do not repeat the call of %s', async (_name, error) => {
    const answers = new Answers();
    await expect(answers.calls.run(() => Promise.reject(error))).rejects.toBe(error);
    expect(answers.lost).toEqual([error.message]);
    expect(answers.failed).toEqual([]);
  });

  it('reject when they are closed, and the close waits for the call that is under way', async () => {
    const answers = new Answers();
    answers.isAway = true;
    const failing = [answers.calls.run(answers.call), answers.calls.run(answers.call)];
    let answer!: (value: string) => void;
    const slow = answers.calls.answer(() => new Promise<string>((resolve) => (answer = resolve)));
    let isClosed = false;
    const closed = answers.calls.close().then(() => {
      isClosed = true;
    });
    for (const call of failing) await expect(call).rejects.toThrow('closed');
    expect(isClosed).toBe(false);
    answer('late');
    expect(await slow).toBe('late');
    await closed;
    await answers.calls.close();
    expect(answers.lost).toEqual([]);
  });
});
