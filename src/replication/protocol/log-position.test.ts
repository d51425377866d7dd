import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Log } from '../state/log.js';
import type { EpochMark } from './lineage.js';
import { commonPosition, idAt } from './log-position.js';

/** Epochs of entries 1, 2, 3 ..., each with its id; the first `dropped` are not retained. */
function logOf(epochs: readonly (number | EpochMark)[], dropped = 0): Log {
  const log = new Log();
  for (const [index, one] of epochs.entries()) {
    const { epoch, id } = typeof one === 'number' ? { epoch: one, id: `id${one}` } : one;
    log.append({ seq: index + 1, epoch, writes: [{ key: 'k', value: undefined }] }, id);
  }
  log.dropThrough(Math.min(dropped, epochs.length));
  return log;
}

describe('common position', () => {
  it('is the end of the shorter log if that is the beginning of the longer one', () => {
    expect(commonPosition(logOf([1, 1, 2]).position, logOf([1, 1, 2, 2, 3]).position)).toBe(3);
  });

  it('lies before the first entry that differs in its epoch, whichever log is longer', () => {
    expect(commonPosition(logOf([1, 1, 1, 1]).position, logOf([1, 1, 2]).position)).toBe(2);
    expect(commonPosition(logOf([1, 1, 3]).position, logOf([1, 1, 2, 2, 2]).position)).toBe(2);
  });

  it('is unknown if it lies below what either retains', () => {
    expect(commonPosition(logOf([1, 1, 1, 1], 3).position, logOf([1, 1]).position)).toBeUndefined();
    expect(commonPosition(logOf([1, 2, 2, 2], 2).position, logOf([1, 1, 1]).position)).toBeUndefined();
  });

  it('is unknown between a log and one that began anew above it', () => {
    const begunAgain = new Log();
    begunAgain.reset(2, { epoch: 5, id: 'five' });
    expect(commonPosition(begunAgain.position, logOf([1, 1]).position)).toBeUndefined();
    expect(commonPosition(begunAgain.position, begunAgain.position)).toBe(2);
  });

  it('lies before the first entry whose epoch has another id, even with the same number', () => {
    const [two, twoToo, three] = [
      { epoch: 2, id: 'two' },
      { epoch: 2, id: 'two too' },
      { epoch: 3, id: 'three' },
    ];
    expect(commonPosition(logOf([1, two, two, two]).position, logOf([1, twoToo, twoToo]).position)).toBe(1);
    expect(commonPosition(logOf([1, two, two]).position, logOf([1, 1, twoToo]).position)).toBe(1);
    expect(commonPosition(logOf([1, two, three]).position, logOf([1, twoToo, three]).position)).toBe(3);
    expect(commonPosition(logOf([two]).position, logOf([twoToo]).position)).toBe(0);
  });

  it('is unknown where the bases are of two epochs with one number', () => {
    const [one, other] = [new Log(), new Log()];
    one.reset(4, { epoch: 2, id: 'two' });
    other.reset(4, { epoch: 2, id: 'two too' });
    expect(commonPosition(one.position, other.position)).toBeUndefined();
    other.reset(4, { epoch: 2, id: 'two' });
    expect(commonPosition(one.position, other.position)).toBe(4);
  });

  it('equals the result of comparing entry by entry, if epochs share numbers beyond the common part', () => {
    const steps = fc.array(fc.nat(2), { maxLength: 8 });
    fc.assert(
      fc.property(steps, steps, steps, fc.nat(6), fc.nat(6), (shared, one, other, oneDropped, otherDropped) => {
        const marks = (steps: readonly number[], from: number, line: string): EpochMark[] => {
          let epoch = from;
          return steps.map((step) => {
            epoch += step === 2 ? 1 : 0;
            return { epoch, id: `${line}${epoch}` };
          });
        };
        const before = marks(shared, 1, 'shared');
        const from = (before.at(-1)?.epoch ?? 0) + 1;
        const oneMarks = [...before, ...marks(one, from, 'one')];
        const otherMarks = [...before, ...marks(other, from, 'other')];
        const [oneLog, otherLog] = [logOf(oneMarks, oneDropped), logOf(otherMarks, otherDropped)];
        const retained = before.length >= Math.max(oneLog.baseSeq, otherLog.baseSeq);
        expect(commonPosition(oneLog.position, otherLog.position)).toBe(retained ? before.length : undefined);
        expect(commonPosition(otherLog.position, oneLog.position)).toBe(retained ? before.length : undefined);
      }),
      { numRuns: 1000 },
    );
  });

  it('equals the result of comparing entry by entry, if logs agree on everything before equal entries', () => {
    const epochs = fc.array(fc.nat(2), { maxLength: 12 }).map((steps) => {
      let epoch = 1;
      return steps.map((step) => (epoch += step === 2 ? 1 : 0));
    });
    fc.assert(
      fc.property(
        epochs,
        fc.array(fc.nat(2), { maxLength: 8 }),
        fc.array(fc.nat(2), { maxLength: 8 }),
        fc.nat(6),
        fc.nat(6),
        (shared, one, other, oneDropped, otherDropped) => {
          // Epochs after the shared part: odd in one log, even in the other, as no two primaries share an epoch.
          const from = (shared.at(-1) ?? 1) + 2;
          const tail = (steps: readonly number[], parity: number) => {
            let epoch = from + ((from + parity) % 2);
            return steps.map((step) => (epoch += step === 2 ? 2 : 0));
          };
          const oneEpochs = [...shared, ...tail(one, 0)];
          const otherEpochs = [...shared, ...tail(other, 1)];
          let naive = 0;
          while (naive < Math.min(oneEpochs.length, otherEpochs.length) && oneEpochs[naive] === otherEpochs[naive]) naive++;
          const oneLog = logOf(oneEpochs, oneDropped);
          const otherLog = logOf(otherEpochs, otherDropped);
          const retained = naive >= Math.max(oneLog.baseSeq, otherLog.baseSeq);
          expect(commonPosition(oneLog.position, otherLog.position)).toBe(retained ? naive : undefined);
          expect(commonPosition(otherLog.position, oneLog.position)).toBe(retained ? naive : undefined);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('the id of an entry', () => {
  const runs = [
    { epoch: 1, id: 'one', firstSeq: 3 },
    { epoch: 4, id: 'four', firstSeq: 7 },
  ];

  it('is the id of the run that holds it', () => {
    expect([3, 6, 7, 100].map((seq) => idAt(runs, seq))).toEqual(['one', 'one', 'four', 'four']);
  });
});
