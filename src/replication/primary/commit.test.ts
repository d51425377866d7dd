import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { committableSeq } from './commit.js';

const facts = { commitIndex: 3, acknowledged: 7, takeoverEnd: 5, confirmedMembers: 3, minInSync: 2 };

describe('commit rule (R5, R6, R11)', () => {
  it('commits up to the slowest of the required set', () => {
    expect(committableSeq(facts)).toBe(7);
  });

  it('commits only inherited entries with too few members', () => {
    expect(committableSeq({ ...facts, confirmedMembers: 1 })).toBe(5);
    expect(committableSeq({ ...facts, confirmedMembers: 1, acknowledged: 4 })).toBe(4);
  });

  it('never goes back', () => {
    expect(committableSeq({ ...facts, acknowledged: 0 })).toBe(3);
  });

  it('equals the naive rule: the highest seq that every required replica holds and that may commit', () => {
    const seq = fc.nat(12);
    fc.assert(
      fc.property(
        fc.array(seq, { minLength: 1, maxLength: 5 }),
        seq,
        seq,
        fc.nat(4),
        fc.nat(4),
        (acknowledged, commitIndex, takeoverEnd, confirmedMembers, minInSync) => {
          let naive = commitIndex;
          for (let candidate = 0; candidate <= 12; candidate++) {
            const held = acknowledged.every((acked) => acked >= candidate);
            if (held && (candidate <= takeoverEnd || confirmedMembers >= minInSync)) naive = Math.max(naive, candidate);
          }
          const held = Math.min(...acknowledged);
          expect(committableSeq({ commitIndex, acknowledged: held, takeoverEnd, confirmedMembers, minInSync })).toBe(naive);
        },
      ),
    );
  });
});
