import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Log } from './log.js';
import { commonPosition } from './log-position.js';

/** Epochs of entries 1, 2, 3 ...; the first `dropped` are not retained. */
function logOf(epochs: readonly number[], dropped = 0): Log {
  const log = new Log();
  for (const [index, epoch] of epochs.entries()) log.append({ seq: index + 1, epoch, key: 'k', value: undefined });
  log.dropThrough(Math.min(dropped, epochs.length));
  return log;
}

describe('common position', () => {
  it('is the end of the shorter log if it is the beginning of the longer', () => {
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

  it('is unknown between a history and one that was begun anew above it', () => {
    const begunAgain = new Log();
    begunAgain.reset(2, 5);
    expect(commonPosition(begunAgain.position, logOf([1, 1]).position)).toBeUndefined();
    expect(commonPosition(begunAgain.position, begunAgain.position)).toBe(2);
  });

  it('is what comparing entry by entry finds, for logs that agree on what precedes equal entries', () => {
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
