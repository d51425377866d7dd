import { describe, expect, test } from 'vitest';
import { checkHistory } from './check-history.js';
import type { Call, CallResult, KeyedCall, Operation, Outcome, TransactionCall } from './history.js';
import { checkGroupHistory } from './linearizability.js';

const unknown: Outcome = { kind: 'unknown', code: 'OUTCOME_UNKNOWN' };
const written = (version: number): CallResult => ({ kind: 'written', version });
const found = (value: string, version: number): CallResult => ({ kind: 'found', value, version });
const sum = (value: string, version: number): CallResult => ({ kind: 'sum', value, version });
const missing: CallResult = { kind: 'missing' };

const put = (key: string, value: string): KeyedCall => ({ key, call: { kind: 'put', value } });
const get = (key: string): KeyedCall => ({ key, call: { kind: 'get' } });
const increment = (key: string, by = '1', more: { max?: string } = {}): KeyedCall => ({
  key,
  call: { kind: 'increment', by, ...more },
});

function transact(operations: readonly KeyedCall[], more: Partial<TransactionCall> = {}): KeyedCall | Call {
  return { kind: 'transact', compares: [], otherwise: [], ...more, operations };
}
function transacted(version: number, results: readonly CallResult[], held = true): Outcome {
  return { kind: 'transacted', held, version, results };
}

/** One operation after the other. */
function kindOf(...steps: readonly (readonly [KeyedCall | Call, Outcome])[]): string {
  return checkGroupHistory(inTurn(...steps)).kind;
}
function inTurn(...steps: readonly (readonly [KeyedCall | Call, Outcome])[]): Operation[] {
  return steps.map(([step, outcome], index) => {
    const { key, call } = 'call' in step ? step : { key: firstKey(step), call: step };
    const invokedAtUs = index * 10;
    return { client: `c${index}`, key, call, invokedAtUs, returnedAtUs: invokedAtUs + 5, outcome };
  });
}
function firstKey(call: Call): string {
  return call.kind === 'transact' ? [...call.compares, ...call.operations][0]!.key : 'a';
}

describe('a transaction', () => {
  const both = transact([put('a', 'a1'), put('b', 'b1')]);

  test('is seen as a whole', () => {
    expect(kindOf([both, transacted(1, [written(1), written(1)])], [get('a'), found('a1', 1)], [get('b'), found('b1', 1)])).toBe(
      'ok',
    );
    expect(kindOf([both, transacted(1, [written(1), written(1)])], [get('b'), missing])).toBe('violation');
  });

  test('with an unknown outcome is seen as a whole, or not at all', () => {
    expect(kindOf([both, unknown], [get('a'), missing], [get('b'), missing])).toBe('ok');
    expect(kindOf([both, unknown], [get('a'), missing], [get('a'), found('a1', 1)], [get('b'), found('b1', 1)])).toBe('ok');
    expect(kindOf([both, unknown], [get('a'), found('a1', 1)], [get('b'), missing])).toBe('violation');
    expect(kindOf([both, unknown], [get('b'), found('b1', 1)], [get('a'), missing])).toBe('violation');
  });

  test('gives all its keys one version', () => {
    expect(kindOf([both, unknown], [get('a'), found('a1', 3)], [get('b'), found('b1', 3)])).toBe('ok');
    expect(kindOf([both, unknown], [get('a'), found('a1', 3)], [get('b'), found('b1', 4)])).toBe('violation');
    expect(kindOf([both, transacted(1, [written(1), written(2)])])).toBe('violation');
  });

  test('with an unknown outcome has a version below those of the writes that overwrote any of its keys', () => {
    const overwrittenAt = (version: number) => [put('a', 'a2'), written(version)] as const;
    expect(kindOf([both, unknown], overwrittenAt(3), [get('b'), found('b1', 2)])).toBe('ok');
    expect(kindOf([both, unknown], overwrittenAt(3), [get('b'), found('b1', 3)])).toBe('violation');
    expect(kindOf([both, unknown], [get('b'), found('b1', 3)], overwrittenAt(3))).toBe('violation');
  });

  test('the same, if what overwrote them has an unknown outcome as well', () => {
    const overwritten = [put('a', 'a2'), unknown] as const;
    const seenAt = (version: number) => [get('a'), found('a2', version)] as const;
    const otherAt = (version: number) => [get('b'), found('b1', version)] as const;
    expect(kindOf([both, unknown], overwritten, seenAt(4), otherAt(3))).toBe('ok');
    expect(kindOf([both, unknown], overwritten, otherAt(3), seenAt(4))).toBe('ok');
    expect(kindOf([both, unknown], overwritten, seenAt(4), otherAt(4))).toBe('violation');
    expect(kindOf([both, unknown], overwritten, otherAt(4), seenAt(4))).toBe('violation');
  });

  test('the same, with a version for each unknown write between', () => {
    const append = (value: string) => [{ key: 'a', call: { kind: 'append', value } }, unknown] as const;
    const seen = [get('a'), found('a1xy', 5)] as const;
    const otherAt = (version: number) => [get('b'), found('b1', version)] as const;
    expect(kindOf([both, unknown], append('x'), append('y'), seen, otherAt(3))).toBe('ok');
    expect(kindOf([both, unknown], append('x'), append('y'), seen, otherAt(4))).toBe('violation');
    expect(kindOf([both, unknown], append('x'), append('y'), otherAt(4), seen)).toBe('violation');
  });

  test('and the same, if what overwrote them is a deletion', () => {
    const ifThere = { compares: [{ key: 'a', exists: true }] };
    const deleted = transact([{ key: 'a', call: { kind: 'delete' } }, put('c', 'c1')], ifThere);
    const steps = [
      [both, unknown],
      [deleted, unknown],
      [get('c'), found('c1', 3)],
      [get('a'), missing],
    ] as const;
    expect(kindOf(...steps, [get('b'), found('b1', 2)])).toBe('ok');
    expect(kindOf(...steps, [get('b'), found('b1', 3)])).toBe('violation');
    const putAgain = (version: number) => [put('a', 'a4'), written(version)] as const;
    expect(kindOf([both, unknown], [deleted, unknown], [get('a'), missing], putAgain(4), [get('c'), found('c1', 3)])).toBe('ok');
    expect(kindOf([both, unknown], [deleted, unknown], [get('a'), missing], putAgain(3), [get('c'), found('c1', 3)])).toBe(
      'violation',
    );
  });

  test('keeps what another write left under one of its keys', () => {
    const history = [both, unknown] as const;
    expect(kindOf(history, [put('b', 'b2'), written(2)], [get('a'), found('a1', 1)], [get('b'), found('b2', 2)])).toBe('ok');
    expect(kindOf([put('b', 'b0'), written(1)], history, [get('a'), found('a1', 2)], [get('b'), found('b0', 1)])).toBe(
      'violation',
    );
  });

  test('executes its operations in order, each on what those before it left', () => {
    const twice = transact([increment('n'), increment('n'), get('n')]);
    expect(kindOf([twice, transacted(1, [sum('1', 1), sum('2', 1), found('2', 1)])])).toBe('ok');
    expect(kindOf([twice, transacted(1, [sum('1', 1), sum('1', 1), found('1', 1)])])).toBe('violation');
  });

  test('executes one list if every comparison holds, and the other if not', () => {
    const guarded = transact([put('a', 'yes')], { compares: [{ key: 'b', ifValue: 'b1' }], otherwise: [get('b')] });
    const set = [put('b', 'b1'), written(1)] as const;
    expect(kindOf(set, [guarded, transacted(2, [written(2)])])).toBe('ok');
    expect(kindOf(set, [guarded, transacted(0, [found('b1', 1)], false)])).toBe('violation');
    expect(kindOf([guarded, transacted(0, [missing], false)])).toBe('ok');
    expect(kindOf([guarded, transacted(1, [written(1)])])).toBe('violation');
  });

  test('compares what is there before it, not what it has written', () => {
    const call = transact([put('a', 'a1')], { compares: [{ key: 'a', exists: true }] });
    expect(kindOf([call, transacted(1, [written(1)])])).toBe('violation');
    expect(kindOf([call, transacted(0, [], false)])).toBe('ok');
  });

  test('is declined as a whole, and only with a reason', () => {
    const call = transact([put('a', 'a1'), increment('n', '1', { max: '1' })]);
    const declined: Outcome = { kind: 'declined', code: 'OUT_OF_RANGE' };
    expect(kindOf([increment('n'), sum('1', 1)], [call, declined], [get('a'), missing])).toBe('ok');
    expect(kindOf([increment('n'), sum('1', 1)], [call, declined], [get('a'), found('a1', 2)])).toBe('violation');
    expect(kindOf([call, declined])).toBe('violation');
  });

  test('with a higher version took effect later, whichever keys it names', () => {
    const other = transact([put('c', 'c1'), put('b', 'b2')]);
    expect(kindOf([both, transacted(1, [written(1), written(1)])], [other, transacted(2, [written(2), written(2)])])).toBe('ok');
    expect(kindOf([both, transacted(2, [written(2), written(2)])], [other, transacted(1, [written(1), written(1)])])).toBe(
      'violation',
    );
    expect(kindOf([both, transacted(2, [written(2), written(2)])], [put('a', 'x'), written(2)])).toBe('violation');
  });

  test('with two unknown ones: an answer may need both, though they name different keys', () => {
    const seen = transact([get('a'), get('b')]);
    expect(
      kindOf([put('a', 'a1'), unknown], [put('b', 'b1'), unknown], [seen, transacted(0, [found('a1', 1), found('b1', 2)])]),
    ).toBe('ok');
  });
});

describe('a counter', () => {
  const final = (value: string, version: number) => new Map([['n', { value, version }]]);

  test('counts each acknowledged increment once', () => {
    expect(kindOf([increment('n'), sum('1', 1)], [increment('n', '0.5'), sum('1.5', 2)], [get('n'), found('1.5', 2)])).toBe('ok');
    expect(kindOf([increment('n'), sum('1', 1)], [increment('n'), sum('1', 2)])).toBe('violation');
    expect(kindOf([increment('n'), sum('1', 1)], [get('n'), found('2', 1)])).toBe('violation');
  });

  test('counts an unknown increment at most once', () => {
    const lost = [increment('n'), unknown] as const;
    expect(kindOf(lost, [get('n'), missing])).toBe('ok');
    expect(kindOf(lost, [increment('n'), sum('2', 2)])).toBe('ok');
    expect(kindOf(lost, [increment('n'), sum('1', 1)], [get('n'), found('2', 2)])).toBe('ok');
    expect(kindOf(lost, [increment('n'), sum('3', 3)])).toBe('violation');
  });

  test('ends with the sum of what was acknowledged, and at most the unknown increments besides', () => {
    const acknowledged = inTurn([increment('n', '2'), sum('2', 1)], [increment('n', '2'), sum('4', 2)]);
    expect(checkHistory(acknowledged, final('4', 2)).wrongSums).toEqual([]);
    expect(checkHistory(acknowledged, final('6', 2)).wrongSums).toMatchObject([
      { key: 'n', final: '6', acknowledged: 2, unknown: 0 },
    ]);
    expect(checkHistory(acknowledged, final('2', 2)).wrongSums).toHaveLength(1);
    expect(checkHistory(acknowledged, new Map([['n', undefined]])).wrongSums).toHaveLength(1);
    const uncertain = inTurn([increment('n', '2'), sum('2', 1)], [increment('n', '2'), unknown], [increment('n', '-1'), unknown]);
    for (const value of ['1', '2', '3', '4']) expect(checkHistory(uncertain, final(value, 3)).wrongSums).toEqual([]);
    for (const value of ['0', '5']) expect(checkHistory(uncertain, final(value, 3)).wrongSums).toHaveLength(1);
  });

  test('within transactions: those whose comparisons failed are not counted', () => {
    const guarded = transact([increment('n', '5')], { compares: [{ key: 'm', exists: true }] });
    const history = inTurn([guarded, transacted(0, [], false)], [increment('n'), sum('1', 1)]);
    expect(checkHistory(history, final('1', 1)).wrongSums).toEqual([]);
    expect(checkHistory(history, final('6', 1)).wrongSums).toHaveLength(1);
  });
});

test('the search decides a long history of transactions and counters quickly, also with lost answers', () => {
  const history: Operation[] = [];
  let [count, version] = [0, 0];
  const add = (step: KeyedCall | Call, outcome: Outcome, at: number): void => {
    const [one] = inTurn([step, outcome]);
    history.push({ ...one!, invokedAtUs: at, returnedAtUs: at + 8 });
  };
  for (let round = 0; round < 3_000; round += 1) {
    const at = round * 10;
    version += 1;
    add(
      transact([increment('n'), put('a', `a${round}`)]),
      transacted(version, [sum(`${++count}`, version), written(version)]),
      at,
    );
    add(get('n'), found(`${count}`, version), at + 9);
    // Half of the lost increments were executed.
    if (round % 100 === 0) add(increment('n'), unknown, at + 9);
    if (round % 200 === 0) {
      version += 1;
      count += 1;
    }
  }
  const verdict = checkGroupHistory(history);
  expect(verdict.kind).toBe('ok');
  expect(verdict.configurations).toBeLessThan(3 * history.length);
});
