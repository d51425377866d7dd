import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';
import type { ScriptedCall } from '../testing/virtual-node.fixture.js';

describe('a read behind the writes of its key (R6, R9)', () => {
  it('waits for the newest of these writes to commit, and is answered with it', () => {
    const c = Scenario.of('a b');
    c.hold('a', 'b');
    c.put('a', 'k', 'v1');
    c.put('a', 'k', 'v2');
    const read = c.getInOrder('a', 'k');
    expect(outcome(read)).toBe('none yet');
    c.heal();
    c.deliverAll();
    expect(outcome(read)).toBe('readable v2 2');
    expect(c.get('a', 'k')).toEqual({ value: 'v2', version: 2 });
  });

  it('is answered with the last write before it, even if later ones commit together with that write', () => {
    const c = Scenario.of('a b');
    c.put('a', 'gone', 'v');
    c.deliverAll();
    c.hold('a', 'b');
    const reads: ScriptedCall[] = [];
    const read = (key: string) => reads.push(c.getInOrder('a', key));
    c.put('a', 'put twice', 'v1');
    read('put twice');
    read('put twice');
    c.put('a', 'put twice', 'v2');
    read('put twice');
    c.put('a', 'put and deleted', 'v');
    read('put and deleted');
    c.delete('a', 'put and deleted');
    read('put and deleted');
    c.delete('a', 'gone');
    read('gone');
    c.put('a', 'gone', 'back');
    read('gone');
    expect(reads.map(outcome)).toEqual(reads.map(() => 'none yet'));
    c.heal();
    c.deliverAll();
    expect(reads.map(outcome)).toEqual([
      ...['readable v1 2', 'readable v1 2', 'readable v2 3'],
      ...['readable v 4', 'readable nothing'],
      ...['readable nothing', 'readable back 7'],
    ]);
  });

  it('is answered once the write before it has committed, even if a later one has not', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v1');
    const read = c.getInOrder('a', 'k');
    const later = c.put('a', 'k', 'v2');
    const readLater = c.getInOrder('a', 'k');
    c.stepUntil(() => outcome(read) !== 'none yet');
    expect([read, later, readLater].map(outcome)).toEqual(['readable v1 1', 'none yet', 'none yet']);
    c.deliverAll();
    expect([later, readLater].map(outcome)).toEqual(['written 2', 'readable v2 2']);
  });

  it('does not wait if all of these writes have committed, whatever the state of other keys', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.deliverAll();
    c.hold('a', 'b');
    c.put('a', 'other', 'v');
    expect(outcome(c.getInOrder('a', 'k'))).toBe('readable');
  });

  it('is refused without a lease, like every read', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.deliverAll();
    c.cut('b', 'a');
    c.node('a').session.held = true;
    c.advance(1_000);
    expect(outcome(c.getInOrder('a', 'k'))).toBe('LEASE_LAPSED');
  });

  it('is refused if the primary is deposed before the awaited write has committed', () => {
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

  it('is refused by a replica that is not primary', () => {
    const c = Scenario.of('a b');
    expect(outcome(c.getInOrder('b', 'k'))).toBe('NOT_PRIMARY');
  });
});
