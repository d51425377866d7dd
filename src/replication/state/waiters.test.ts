import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JudgedWaiter, Waiters } from './waiters.js';

const nothing = { kind: 'nothingToDelete' } as const;

function releaseTo(waiters: Waiters, seq: number): unknown[] {
  const released: unknown[] = [];
  waiters.release(
    seq,
    (version, token) => released.push([version, token]),
    (waiter) => released.push(waiter.token),
  );
  return released;
}

describe('waiters', () => {
  it('releases writes in order, each followed by the calls that were judged by it', () => {
    const waiters = new Waiters();
    waiters.addWrite(4, 'w4');
    waiters.addJudged(4, { token: 'j4', answer: nothing });
    waiters.addWrite(5, 'w5');
    expect(releaseTo(waiters, 3)).toEqual([]);
    expect(releaseTo(waiters, 5)).toEqual([[4, 'w4'], 'j4', [5, 'w5']]);
    expect(releaseTo(waiters, 9)).toEqual([]);
  });

  it('releases calls that were judged by an entry without a waiting write', () => {
    const waiters = new Waiters();
    waiters.addJudged(2, { token: 'j2', answer: nothing });
    expect(releaseTo(waiters, 1)).toEqual([]);
    expect(releaseTo(waiters, 2)).toEqual(['j2']);
  });

  it('abandons each waiting call once', () => {
    const waiters = new Waiters();
    waiters.addWrite(1, 'w1');
    waiters.addWrite(2, 'w2');
    waiters.addJudged(2, { token: 'j2', answer: nothing });
    releaseTo(waiters, 1);
    const abandoned: unknown[] = [];
    const abandon = () =>
      waiters.abandon(
        (token) => abandoned.push(token),
        (waiter: JudgedWaiter) => abandoned.push(waiter.token),
      );
    abandon();
    abandon();
    expect(abandoned).toEqual(['w2', 'j2']);
  });

  it('every waiting call is answered exactly once, whatever the order of commits', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(2)), { maxLength: 40 }), (steps) => {
        const waiters = new Waiters();
        const waiting = new Map<string, number>();
        let last = 0;
        let committed = 0;
        for (const [writes, advance] of steps) {
          for (let count = 0; count < writes; count++) {
            waiters.addWrite(++last, `w${last}`);
            waiting.set(`w${last}`, last);
            waiters.addJudged(last, { token: `j${last}`, answer: nothing });
            waiting.set(`j${last}`, last);
          }
          committed = Math.min(last, committed + advance);
          const called: string[] = [];
          waiters.release(
            committed,
            (seq, token) => called.push(`w${seq}`) && expect(token).toBe(`w${seq}`),
            (waiter) => called.push(String(waiter.token)),
          );
          const due = [...waiting].filter(([, seq]) => seq <= committed).map(([token]) => token);
          expect(called).toEqual(due);
          for (const token of due) waiting.delete(token);
        }
      }),
    );
  });
});
