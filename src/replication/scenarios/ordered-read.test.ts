import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

describe('a read behind the writes of its key (R6, R9)', () => {
  it('waits for the newest of them to commit, and then finds it stored', () => {
    const c = Scenario.of('a b');
    c.hold('a', 'b');
    c.put('a', 'k', 'v1');
    c.put('a', 'k', 'v2');
    const read = c.getInOrder('a', 'k');
    expect(outcome(read)).toBe('none yet');
    c.heal();
    c.deliverAll();
    expect(outcome(read)).toBe('readable');
    expect(c.get('a', 'k')).toEqual({ value: 'v2', version: 2 });
  });

  it('waits for nothing if all of them have committed, whatever becomes of other keys', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.deliverAll();
    c.hold('a', 'b');
    c.put('a', 'other', 'v');
    expect(outcome(c.getInOrder('a', 'k'))).toBe('readable');
  });

  it('is a read: refused without a lease', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.deliverAll();
    c.cut('b', 'a');
    c.node('a').session.held = true;
    c.advance(1_000);
    expect(outcome(c.getInOrder('a', 'k'))).toBe('LEASE_LAPSED');
  });

  it('is refused where the primary is deposed before the write it waits for has committed', () => {
    const c = Scenario.of('a b c');
    c.hold('a', 'b');
    c.hold('a', 'c');
    c.put('a', 'k', 'v1');
    const read = c.getInOrder('a', 'k');
    c.pause('a');
    c.until(() => c.primary === 'b', 'no failover');
    c.resume('a');
    c.heal();
    c.advance(300);
    expect(outcome(read)).toBe('NOT_PRIMARY');
  });

  it('is refused by who is not primary', () => {
    const c = Scenario.of('a b');
    expect(outcome(c.getInOrder('b', 'k'))).toBe('NOT_PRIMARY');
  });
});
