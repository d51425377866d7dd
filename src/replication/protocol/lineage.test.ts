import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  continues,
  type EpochMark,
  endOf,
  extended,
  hasSeenFewerRemovals,
  isGivenUp,
  type Line,
  longestLineage,
  markIdOf,
  nameOf,
  withRemovals,
} from './lineage.js';

function lineOf(history: string, ...marks: readonly (readonly [epoch: number, id: string])[]): Line {
  return { history, lineage: marks.map(([epoch, id]) => ({ epoch, id })) };
}

/** One more epoch of a line than a list can name; from `epoch` on. */
function fullLine(epoch: number, count = longestLineage + 1): Line {
  let lineage: readonly EpochMark[] = [];
  for (let i = 0; i < count; i++) lineage = extended(lineage, { epoch: epoch + i, id: `id${epoch + i}` });
  return { history: 'h', lineage };
}

/** Epochs in rising order, each with an id of its own. */
const lineages = fc.array(fc.nat(3), { minLength: 1, maxLength: 10 }).map((gaps): readonly EpochMark[] => {
  let epoch = 0;
  return gaps.map((gap) => {
    epoch += gap + 1;
    return { epoch, id: `id${epoch}` };
  });
});

describe('a line continues another (R1)', () => {
  it('if it is the same line, or went on from it', () => {
    const line = lineOf('h', [1, 'a'], [2, 'b']);
    expect(continues(line, line)).toBe(true);
    expect(continues(lineOf('h', [1, 'a'], [2, 'b'], [5, 'c']), line)).toBe(true);
  });

  it('but not the other way round', () => {
    expect(continues(lineOf('h', [1, 'a']), lineOf('h', [1, 'a'], [2, 'b']))).toBe(false);
  });

  it('but not if it is of another history, whatever its epochs', () => {
    expect(continues(lineOf('other', [1, 'a'], [2, 'b']), lineOf('h', [1, 'a']))).toBe(false);
  });

  it('but not if its epoch of that number has another id', () => {
    const line = lineOf('h', [1, 'a'], [2, 'b']);
    expect(continues(lineOf('h', [1, 'a'], [2, 'x']), line)).toBe(false);
    expect(continues(lineOf('h', [1, 'a'], [2, 'x'], [3, 'c']), line)).toBe(false);
  });

  it('but not if it never had an epoch of that number, even if it is newer', () => {
    expect(continues(lineOf('h', [1, 'a'], [3, 'c']), lineOf('h', [1, 'a'], [2, 'b']))).toBe(false);
    expect(continues(lineOf('h', [3, 'c']), lineOf('h', [2, 'b']))).toBe(false);
  });

  it('if its list is full and the epoch is older than all it names, but not for an epoch missing within it', () => {
    const full = fullLine(2);
    expect(full.lineage).toHaveLength(longestLineage);
    expect(full.lineage[0]!.epoch).toBe(3);
    expect(continues(full, lineOf('h', [2, 'forgotten']))).toBe(true);
    expect(continues(full, lineOf('h', [3, 'other']))).toBe(false);
    expect(continues(full, lineOf('other', [2, 'id2']))).toBe(false);
    const short = fullLine(2, longestLineage - 1);
    expect(continues(short, lineOf('h', [1, 'older']))).toBe(false);
  });

  /** A line of epoch 1 with this number of removals, and of the given epochs after it. */
  const seen = (removals: number, ...next: readonly EpochMark[]): Line => ({
    history: 'h',
    lineage: [...withRemovals([{ epoch: 1, id: 'a' }], removals), ...next],
  });
  const second = { epoch: 2, id: 'b' };

  it('if it left an epoch after all removals that the other knows, but not if it left before one (R7)', () => {
    expect(continues(seen(1, second), seen(2))).toBe(false);
    expect(continues(lineOf('h', [1, 'a'], [2, 'b']), seen(1))).toBe(false);
    expect(continues(seen(2, second), seen(2))).toBe(true);
    expect(continues(seen(3, second), seen(2))).toBe(true);
    expect(continues(seen(1, second), lineOf('h', [1, 'a']))).toBe(true);
  });

  it('whatever the removals within its newest epoch, which one primary writes', () => {
    expect(continues(seen(1), seen(2))).toBe(true);
    expect(continues(seen(2), seen(1))).toBe(true);
    expect(hasSeenFewerRemovals(seen(1), seen(2))).toBe(true);
    expect(hasSeenFewerRemovals(lineOf('h', [1, 'a']), seen(1))).toBe(true);
    expect(hasSeenFewerRemovals(seen(2), seen(2))).toBe(false);
    expect(hasSeenFewerRemovals(seen(1), seen(2, second))).toBe(false);
  });

  it('each of two lines that part within an epoch can be given up by its own id', () => {
    const [first, other] = [seen(2), seen(1, second)];
    const id = markIdOf(endOf(first));
    expect(id).toBe('a+2');
    expect([isGivenUp(first, [id]), isGivenUp(other, [id])]).toEqual([true, false]);
    expect([isGivenUp(first, ['b']), isGivenUp(other, ['b'])]).toEqual([false, true]);
    expect([isGivenUp(first, ['a']), isGivenUp(other, ['a'])]).toEqual([true, true]);
    expect(markIdOf({ epoch: 1, id: 'a' })).toBe('a');
  });

  it('exactly if the other is a beginning of it', () => {
    fc.assert(
      fc.property(lineages, lineages, fc.nat(10), (lineage, tail, kept) => {
        const line = { history: 'h', lineage };
        const shared = lineage.slice(0, 1 + (kept % lineage.length));
        const from = endOf({ lineage: shared }).epoch;
        const branch = tail.map(({ epoch }) => ({ epoch: from + epoch, id: `branch${epoch}` }));
        expect(continues(line, { history: 'h', lineage: shared })).toBe(true);
        expect(continues({ history: 'h', lineage: shared }, line)).toBe(shared.length === lineage.length);
        const branched = { history: 'h', lineage: [...shared, ...branch] };
        expect(continues(branched, { history: 'h', lineage: shared })).toBe(true);
        expect(continues(line, branched)).toBe(false);
        expect(continues(branched, line)).toBe(shared.length === lineage.length);
      }),
    );
  });

  it('however far it goes on', () => {
    fc.assert(
      fc.property(lineages, fc.array(fc.nat(2), { maxLength: 3 * longestLineage }), (lineage, gaps) => {
        let later = lineage;
        for (const gap of gaps) {
          const epoch = endOf({ lineage: later }).epoch + gap + 1;
          later = extended(later, { epoch, id: `later${epoch}` });
        }
        expect(continues({ history: 'h', lineage: later }, { history: 'h', lineage })).toBe(true);
      }),
    );
  });
});

describe('a lineage', () => {
  it('is extended at its end, and forgets the oldest beyond its limit', () => {
    expect(extended([{ epoch: 1, id: 'a' }], { epoch: 4, id: 'b' })).toEqual([
      { epoch: 1, id: 'a' },
      { epoch: 4, id: 'b' },
    ]);
    const { lineage } = fullLine(1, 3 * longestLineage);
    expect(lineage.map(({ epoch }) => epoch)).toEqual(
      Array.from({ length: longestLineage }, (_, i) => 2 * longestLineage + 1 + i),
    );
    expect(endOf({ lineage })).toEqual({ epoch: 3 * longestLineage, id: `id${3 * longestLineage}` });
  });

  it('is given up by the id of its history, or of any epoch that it names', () => {
    const line = lineOf('h', [1, 'a'], [2, 'b']);
    expect([['h'], ['a'], ['b'], ['x', 'b']].map((ids) => isGivenUp(line, ids))).toEqual([true, true, true, true]);
    expect([[], ['x'], ['1'], ['ab']].map((ids) => isGivenUp(line, ids))).toEqual([false, false, false, false]);
  });

  it('is named by its history and its newest epoch', () => {
    expect(nameOf(lineOf('h', [1, 'a'], [7, 'b']))).toBe('h at epoch 7:b');
  });
});
