import { describe, expect, it } from 'vitest';
import type { KeyOperation } from '../protocol/transaction.js';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

const put = (key: string, value: string): KeyOperation => ({ kind: 'put', key, value: new TextEncoder().encode(value) });
const get = (key: string): KeyOperation => ({ kind: 'get', key });
const increment = (key: string): KeyOperation => ({ kind: 'increment', key, by: '1', initial: '0' });

describe('transaction (R6)', () => {
  it('is one entry: all its keys become visible together, on every replica', () => {
    const c = Scenario.of('a b');
    c.hold('b', 'a');
    const call = c.transact('a', put('k', 'v'), put('l', 'w'));
    c.deliverAll();
    expect([outcome(call), c.get('a', 'k'), c.get('a', 'l')]).toEqual(['none yet', { version: 0 }, { version: 0 }]);
    c.heal();
    c.deliverAll();
    expect(outcome(call)).toBe('transacted 1: 1, 1');
    expect([c.get('a', 'k'), c.get('a', 'l')]).toEqual([
      { value: 'v', version: 1 },
      { value: 'w', version: 1 },
    ]);
    c.advance(1_000);
    const copies = ['k', 'l'].map((key) => c.node('b').store.versionOf(key));
    expect(copies).toEqual([1, 1]);
  });

  it('is judged by the newest entry of each key, committed or not', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', '1');
    c.deliverAll();
    const calls = [c.transact('a', increment('k')), c.transact('a', increment('k'), get('l')), c.put('a', 'l', 'v')];
    calls.push(c.transact('a', get('l'), increment('k')));
    c.deliverAll();
    expect(calls.map(outcome)).toEqual(['transacted 2: 2 2', 'transacted 3: 3 3, 0', 'written 4', 'transacted 5: v 4, 4 5']);
  });

  it('sees its own writes', () => {
    const c = Scenario.of('a b');
    const call = c.transact('a', increment('k'), increment('k'), get('k'));
    c.deliverAll();
    expect(outcome(call)).toBe('transacted 1: 1 1, 2 1, 2 1');
  });

  it('that writes nothing, or is refused, is answered once every entry that it was judged by has committed', () => {
    const c = Scenario.of('a b');
    c.hold('a', 'b');
    c.put('a', 'k', 'text');
    c.put('a', 'l', 'w');
    const read = c.transact('a', get('k'), get('l'), get('m'));
    const refused = c.transact('a', put('l', 'x'), increment('k'));
    c.deliverAll();
    expect([read, refused].map(outcome)).toEqual(['none yet', 'none yet']);
    c.heal();
    c.deliverAll();
    expect([read, refused].map(outcome)).toEqual(['transacted 0: text 1, w 2, 0', 'NOT_A_NUMBER 1']);
  });

  it('that writes nothing is refused without a lease, like a read', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.deliverAll();
    c.elapse(10_000);
    expect(outcome(c.transact('a', get('k')))).toBe('LEASE_LAPSED');
  });

  it('survives a crash of its primary whole, or not at all', () => {
    const c = Scenario.of('a b c');
    c.hold('b', 'a');
    c.hold('c', 'a');
    c.transact('a', put('k', 'v'), put('l', 'w'));
    c.deliverAll();
    c.kill('a');
    c.heal();
    c.until(() => c.primary !== undefined && c.primary !== 'a', 'no new primary');
    const primary = c.primary!;
    expect([c.get(primary, 'k'), c.get(primary, 'l')]).toEqual([
      { value: 'v', version: 1 },
      { value: 'w', version: 1 },
    ]);
  });

  it('has no effect on a copy of what it read: the answer stays what it was', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'before');
    c.deliverAll();
    const swap = c.transact('a', { kind: 'getAndSet', key: 'k', value: new TextEncoder().encode('after') });
    c.node('a').store.items.get('k')!.value.fill(0);
    c.deliverAll();
    expect(outcome(swap)).toBe('transacted 2: before 2');
  });
});
