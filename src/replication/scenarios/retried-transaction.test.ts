import { describe, expect, it } from 'vitest';
import type { KeyOperation } from '../protocol/transaction.js';
import { outcome, Scenario } from '../testing/scenario.fixture.js';
import { beginSnapshot, withoutHistory } from '../testing/snapshot-start.fixture.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const put = (key: string, value: string): KeyOperation => ({ kind: 'put', key, value: bytes(value) });
const get = (key: string): KeyOperation => ({ kind: 'get', key });
const increment = (key: string): KeyOperation => ({ kind: 'increment', key, by: '1', initial: '0' });

describe('a transaction that is sent again (R16)', () => {
  it('is executed once, and gets its first answer, whatever has happened to its keys since', () => {
    const c = Scenario.of('a b');
    const content = { operations: [increment('k'), get('l'), { kind: 'getAndSet', key: 'm', value: bytes('x') } as const] };
    c.put('a', 'm', 'before');
    const first = c.requestTransaction('a', 1, content);
    c.deliverAll();
    c.transact('a', increment('k'), put('l', 'other'), put('m', 'other'));
    const again = c.requestTransaction('a', 1, { ...content, isFirstAttempt: false });
    c.deliverAll();
    expect([first, again].map(outcome)).toEqual(Array(2).fill('transacted 2: 1 2, 0, before 2'));
    expect(c.get('a', 'k')).toEqual({ value: '2', version: 3 });
  });

  it('gets the first answer of the list that was executed, although the comparison does not hold any more', () => {
    const c = Scenario.of('a b');
    const content = { compares: [{ key: 'k', exists: false }], operations: [put('k', 'v')], otherwise: [get('k')] };
    c.requestTransaction('a', 1, content);
    c.deliverAll();
    const again = c.requestTransaction('a', 1, { ...content, isFirstAttempt: false });
    c.deliverAll();
    expect(again.answers).toMatchObject([{ kind: 'transacted', version: 1, held: true, results: [{ version: 1 }] }]);
  });

  it('waits for its entry to commit, and has an unknown outcome where that does not', () => {
    const c = Scenario.of('a b c');
    c.hold('a', 'b');
    c.hold('a', 'c');
    c.requestTransaction('a', 1, { operations: [increment('k')] });
    const again = c.requestTransaction('a', 1, { operations: [increment('k')], isFirstAttempt: false });
    c.pause('a');
    c.until(() => c.primary === 'b', 'no failover');
    expect(outcome(again)).toBe('none yet');
    c.resume('a');
    c.heal();
    c.advance(300);
    expect(outcome(again)).toBe('OUTCOME_UNKNOWN');
  });

  it.each(['applied', 'pending'])('is recognised by the next primary where it is %s', (stage) => {
    const c = Scenario.of('a b c');
    c.requestTransaction('a', 1, { operations: [increment('k')] });
    if (stage === 'applied') c.advance(200);
    else c.stepUntil(() => c.status('b').lastSeq === 1 && c.status('c').lastSeq === 1);
    c.kill('a');
    c.until(() => c.primary === 'b', 'no failover');
    c.transact('b', increment('k'));
    const again = c.requestTransaction('b', 1, { operations: [increment('k')], isFirstAttempt: false });
    c.deliverAll();
    expect(outcome(again)).toBe('transacted 1: 1 1');
    expect(c.get('b', 'k')).toEqual({ value: '2', version: 2 });
  });

  it('is recognised by a joiner, with its answer, from the snapshot', () => {
    const c = withoutHistory();
    c.requestTransaction('a', 1, { operations: [increment('n'), get('k1')] });
    c.deliverAll();
    c.start('b');
    beginSnapshot(c);
    c.cluster.snapshotsHeld = false;
    c.stabilize();
    c.kill('a');
    c.until(() => c.primary === 'b', 'no failover');
    const again = c.requestTransaction('b', 1, { operations: [increment('n'), get('k1')], isFirstAttempt: false });
    c.deliverAll();
    expect(outcome(again)).toBe('transacted 7: 1 7, k1 old 1');
  });

  it('that writes nothing is recorded if it is no first attempt: an earlier attempt that arrives later is not executed', () => {
    const c = Scenario.of('a b');
    c.put('a', 'text', 'no number');
    c.deliverAll();
    const contents = [{ operations: [get('k'), increment('text')] }, { operations: [get('k'), put('k', 'v')] }];
    const compares = [{ key: 'k', exists: true }];
    const refused = c.requestTransaction('a', 1, { ...contents[0], isFirstAttempt: false });
    const held = c.requestTransaction('a', 2, { ...contents[1], compares, isFirstAttempt: false });
    c.deliverAll();
    expect(refused.answers).toMatchObject([{ refusal: 'NOT_A_NUMBER', operation: 1, currentVersion: 1 }]);
    expect(held.answers).toMatchObject([{ kind: 'transacted', version: 0, held: false, results: [] }]);
    c.put('a', 'text', '1');
    c.put('a', 'k', 'w');
    c.deliverAll();
    c.advance(200);
    c.kill('a');
    c.until(() => c.primary === 'b', 'no failover');
    const late = [c.requestTransaction('b', 1, contents[0]!), c.requestTransaction('b', 2, { ...contents[1], compares })];
    c.deliverAll();
    expect(late.map(({ answers }) => answers)).toEqual([refused.answers, held.answers]);
    expect(c.get('b', 'text')).toMatchObject({ value: '1' });
    expect(c.get('b', 'k')).toMatchObject({ value: 'w' });
  });

  it('costs no entry as a first attempt that writes nothing', () => {
    const c = Scenario.of('a b');
    expect(outcome(c.requestTransaction('a', 1, { operations: [get('k')] }))).toBe('transacted 0: 0');
    expect(c.status('a').lastSeq).toBe(0);
  });

  it.each([
    ['another operation', { operations: [put('k', 'v')] }],
    ['another key', { operations: [increment('l')] }],
    ['another number to add', { operations: [{ ...increment('k'), by: '2' } as KeyOperation] }],
    ['a comparison', { operations: [increment('k')], compares: [{ key: 'k', exists: false }] }],
    ['the operations in the other list', { otherwise: [increment('k')] }],
    ['one operation more', { operations: [increment('k'), increment('k')] }],
  ])('is refused with %s', (_, other) => {
    const c = Scenario.of('a b');
    c.requestTransaction('a', 1, { operations: [increment('k')] });
    c.deliverAll();
    expect(outcome(c.requestTransaction('a', 1, other))).toBe('REQUEST_REUSED');
  });

  it('is the same with another limit of the value: that may be the limit of the node', () => {
    const c = Scenario.of('a b');
    const append = (maxBytes: number): KeyOperation => ({ kind: 'append', key: 'k', value: bytes('v'), maxBytes });
    c.requestTransaction('a', 1, { operations: [append(10)] });
    const again = c.requestTransaction('a', 1, { operations: [append(20)], isFirstAttempt: false });
    c.deliverAll();
    expect(again.answers).toMatchObject([{ kind: 'transacted', version: 1, results: [{ valueBytes: 1 }] }]);
  });

  it('that the shard may have forgotten is refused', () => {
    const c = Scenario.of('a b');
    const call = c.requestTransaction('a', 1, { operations: [increment('k')], seq: 1, isFirstAttempt: false });
    expect(call.answers).toMatchObject([{ refusal: 'REQUEST_TOO_OLD', isDefinite: false, position: { seq: 0 } }]);
  });
});
