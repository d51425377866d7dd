import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkHistory, isClean } from './check-history.js';
import { explain } from './contradiction.js';
import { type Call, type Operation, type Outcome, writtenVersion } from './history.js';
import { checkGroupHistory } from './linearizability.js';
import { linearizableHistory, mutatedHistory } from './random-history.fixture.js';

const unknown: Outcome = { kind: 'unknown', code: 'OUTCOME_UNKNOWN' };

function history(...steps: readonly (readonly [Call, Outcome])[]): Operation[] {
  return steps.map(([call, outcome], index) => {
    const invokedAtUs = index * 1_000;
    return { client: `c${index}`, key: 'k', call, invokedAtUs, returnedAtUs: invokedAtUs + 500, outcome };
  });
}
const put = (value: string): Call => ({ kind: 'put', value });
const written = (version: number): Outcome => ({ kind: 'written', version });
const found = (value: string, version: number): Outcome => ({ kind: 'found', value, version });

describe('a whole history', () => {
  test('of a real register has no findings', () => {
    fc.assert(
      fc.property(linearizableHistory('everything', 30), (operations) => {
        expect(isClean(checkHistory(operations, new Map()))).toBe(true);
      }),
    );
  });

  test('is reported group by group', () => {
    const good = history([put('a'), written(1)], [{ kind: 'get' }, found('a', 1)]);
    const bad = history([put('x'), written(2)], [{ kind: 'get' }, { kind: 'missing' }]).map((one) => ({ ...one, key: 'bad' }));
    const report = checkHistory([...good, ...bad], new Map());
    expect(report).toMatchObject({ operations: 4, keys: 2, undecided: [], lost: [], invented: [] });
    expect(report.violations.map(({ keys }) => keys)).toEqual([['bad']]);
  });

  test('has keys that expire: not before the end of their TTL, once, and not after an overwrite', () => {
    const get: Call = { kind: 'get' };
    const gone: Outcome = { kind: 'missing' };
    const isSound = (ttlMs: number, ...steps: readonly (readonly [Call, Outcome])[]): boolean => {
      const operations = history([{ kind: 'put', value: 'a', ttlMs }, written(1)], ...steps);
      return isClean(checkHistory(operations, new Map()));
    };
    // A step is a millisecond after the one before it.
    expect(isSound(6, [get, found('a', 1)], [get, gone], [get, gone])).toBe(true);
    expect(isSound(100, [get, gone])).toBe(false);
    expect(isSound(6, [get, found('a', 1)], [get, gone], [get, found('a', 1)])).toBe(false);
    expect(isSound(6, [put('b'), written(2)], [get, found('b', 2)], [get, gone])).toBe(false);
    expect(isSound(6, [{ kind: 'delete' }, { kind: 'nothingToDelete' }], [put('b'), written(3)])).toBe(true);
    expect(checkHistory(history([{ kind: 'put', value: 'a', ttlMs: 6 }, written(1)]), new Map([['k', undefined]])).lost).toEqual(
      [],
    );
  });

  test('is not clean if a search was given up', () => {
    const report = checkHistory(history([put('a'), written(1)], [put('b'), written(2)]), new Map(), 1);
    expect(report.undecided).toHaveLength(1);
    expect(isClean(report)).toBe(false);
  });

  test('has a lost write if an acknowledged write is gone in the end, unless a delete may have followed it', () => {
    const writes = history([put('a'), written(1)], [put('b'), written(2)]);
    expect(checkHistory(writes, new Map([['k', { value: 'b', version: 2 }]])).lost).toEqual([]);
    expect(checkHistory(writes, new Map([['k', { value: 'a', version: 1 }]])).lost).toMatchObject([
      { key: 'k', finalVersion: 1 },
    ]);
    expect(checkHistory(writes, new Map([['k', undefined]])).lost).toHaveLength(1);
    const deleted = history([put('a'), written(1)], [{ kind: 'delete' }, unknown]);
    expect(checkHistory(deleted, new Map([['k', undefined]])).lost).toEqual([]);
    expect(checkHistory(history([put('a'), unknown]), new Map([['k', undefined]])).lost).toEqual([]);
  });

  test('has an invented value if no write, or only a refused one, wrote it', () => {
    const refused: Outcome = { kind: 'refused', code: 'PAUSED' };
    expect(checkHistory(history([{ kind: 'get' }, found('a', 1)]), new Map()).invented).toHaveLength(1);
    expect(checkHistory(history([put('a'), refused], [{ kind: 'get' }, found('a', 1)]), new Map()).invented).toHaveLength(1);
    expect(checkHistory(history([put('a'), unknown], [{ kind: 'get' }, found('a', 1)]), new Map()).invented).toEqual([]);
  });
});

describe('an explanation', () => {
  test('keeps only contradictory answers, and names the writes of the values that were read', () => {
    const noise = Array.from({ length: 50 }, (_, index): readonly [Call, Outcome] => [put(`n${index}`), written(index + 1)]);
    const operations = history(
      ...noise,
      [put('old'), written(60)],
      [put('new'), written(61)],
      [{ kind: 'get' }, found('new', 61)],
      [{ kind: 'get' }, found('old', 60)],
      [{ kind: 'get' }, found('new', 61)],
    );
    const { explanation } = checkHistory(operations, new Map()).violations[0]!;
    expect(explanation.split('\n')).toEqual([
      'key k: these answers cannot all be true',
      '            client  from ms  to ms  call     outcome',
      '            c51     1.000    1.500  put new  done, version 61',
      '            c53     3.000    3.500  get      old at 60',
      '  see also  c50     0.000    0.500  put old  done, version 60',
    ]);
  });

  test.each(['plain', 'everything'] as const)('is itself a contradiction, and never longer than the history: %s', (range) => {
    fc.assert(
      fc.property(mutatedHistory(range, 20), (operations) => {
        fc.pre(checkGroupHistory(operations).kind === 'violation');
        const { answered, mentioned } = explain(operations);
        expect(answered.length).toBeGreaterThan(0);
        expect(answered.length + mentioned.length).toBeLessThanOrEqual(operations.length);
        // An answer that is not shown counts as unknown, or as not read.
        const shown = new Set(answered.map(({ client }) => client));
        const weaker = operations.flatMap((one): Operation[] => {
          if (shown.has(one.client) || one.outcome.kind === 'refused') return [one];
          return writtenVersion(one) > 0 || one.outcome.kind === 'unknown' ? [{ ...one, outcome: unknown }] : [];
        });
        expect(checkGroupHistory(weaker).kind).toBe('violation');
      }),
    );
  });
});
