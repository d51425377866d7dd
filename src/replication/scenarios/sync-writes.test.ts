import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';
import type { ScriptedCall } from '../testing/virtual-node.fixture.js';

/** Replicas whose disks write at once, and flush when the script says so. */
function flushedByScript(names = 'a b c'): Scenario {
  const c = Scenario.of(names, { volatile: false, reportsFlushes: true });
  c.flushDisks(...names.split(' '));
  c.deliverAll();
  return c;
}

describe('writes with sync', () => {
  it('are visible once they have committed, and answered once every required member has flushed them', () => {
    const c = flushedByScript();
    const call = c.putSynced('a', 'k', 'v');
    c.deliverAll();
    expect([outcome(call), c.get('a', 'k').value]).toEqual(['none yet', 'v']);
    c.flushDisks('a', 'b');
    c.deliverAll();
    expect(outcome(call)).toBe('none yet');
    c.flushDisks('c');
    c.deliverAll();
    expect(outcome(call)).toBe('written 1');
  });

  it('do not delay other writes', () => {
    const c = flushedByScript();
    const synced = c.putSynced('a', 'k', 'v');
    const others = [c.put('a', 'k', 'w'), c.delete('a', 'l')];
    c.deliverAll();
    expect([synced, ...others].map(outcome)).toEqual(['none yet', 'written 2', 'nothingToDelete']);
  });

  /** Calls that write nothing, and their answers where `k` has version 1. */
  const judged: readonly [string, (c: Scenario) => ScriptedCall, string][] = [
    ['a delete of nothing', (c) => c.deleteSynced('a', 'l'), 'nothingToDelete'],
    ['a refused condition', (c) => c.putSynced('a', 'k', 'x', 7), 'VERSION_MISMATCH 1'],
    ['a transaction that reads', (c) => c.transactSynced('a', { operations: [{ kind: 'get', key: 'k' }] }), 'transacted 0: v 1'],
  ];

  it.each(judged)('wait for the flush of what they were judged by if they write nothing: %s', (_, callWith, answer) => {
    const c = flushedByScript();
    c.put('a', 'k', 'v');
    c.deliverAll();
    const ofCommitted = callWith(c);
    c.deliverAll();
    expect(outcome(ofCommitted)).toBe('none yet');
    c.flushDisks('a', 'b');
    c.deliverAll();
    expect(outcome(ofCommitted)).toBe('none yet');
    c.flushDisks('c');
    c.deliverAll();
    expect([outcome(ofCommitted), outcome(callWith(c))]).toEqual([answer, answer]);
  });

  it('wait for the flush of an entry that has not committed when they are judged by it', () => {
    const c = flushedByScript();
    c.put('a', 'k', 'v');
    const call = c.putSynced('a', 'k', 'x', 7);
    c.deliverAll();
    expect(outcome(call)).toBe('none yet');
    c.flushDisks('a', 'b', 'c');
    c.deliverAll();
    expect(outcome(call)).toBe('VERSION_MISMATCH 1');
  });

  it('are definitely not executed if they write nothing, and their primary is deposed before the flush', () => {
    const c = flushedByScript('a b');
    c.put('a', 'k', 'v');
    c.deliverAll();
    const call = c.putSynced('a', 'k', 'x', 7);
    c.pause('a');
    c.until(() => c.primary === 'b', 'b does not take over');
    c.resume('a');
    c.advance(200);
    expect(outcome(call)).toBe('NOT_PRIMARY');
  });

  const flushesAsked = (c: Scenario) => ['a', 'b', 'c'].map((name) => c.node(name).flushesAsked);

  it('ask every replica for a flush at once, and other writes ask none', () => {
    const c = flushedByScript();
    c.put('a', 'k', 'v');
    c.deliverAll();
    expect(flushesAsked(c)).toEqual([0, 0, 0]);
    c.putSynced('a', 'k', 'w');
    c.deliverAll();
    expect(flushesAsked(c)).toEqual([1, 1, 1]);
    c.put('a', 'k', 'x');
    c.deliverAll();
    expect(flushesAsked(c)).toEqual([1, 1, 1]);
  });

  it('ask for a flush of what was sent before, once, and only those that have not flushed it', () => {
    const c = flushedByScript();
    c.request('a', 1, { key: 'k', value: 'v' });
    c.deliverAll();
    c.flushDisks('b');
    c.deliverAll();
    const again = c.request('a', 1, { key: 'k', value: 'v', sync: true, isFirstAttempt: false });
    c.deleteSynced('a', 'l');
    c.deliverAll();
    expect([...flushesAsked(c), outcome(again)]).toEqual([1, 0, 1, 'none yet']);
    c.flushDisks('a', 'c');
    c.deliverAll();
    expect(outcome(again)).toBe('written 1');
    c.deleteSynced('a', 'l');
    c.deliverAll();
    expect(flushesAsked(c)).toEqual([1, 0, 1]);
  });

  it('ask for the flush again after a Sync', () => {
    const c = flushedByScript();
    c.put('a', 'k', 'v');
    c.deliverAll();
    c.drop('append');
    const call = c.deleteSynced('a', 'l');
    c.deliverAll();
    expect(flushesAsked(c)).toEqual([1, 0, 0]);
    c.heal();
    c.breakLink('a', 'b');
    c.breakLink('a', 'c');
    c.advance(200);
    expect([...flushesAsked(c), outcome(call)]).toEqual([1, 1, 1, 'none yet']);
  });

  it('ask for no flush where a durable write is flushed', () => {
    const c = Scenario.of('a b c', { volatile: false });
    c.putSynced('a', 'k', 'v');
    c.deliverAll();
    expect(flushesAsked(c)).toEqual([0, 0, 0]);
  });

  it('are answered at the commit where a durable write is flushed, and in memory', () => {
    for (const volatile of [false, true]) {
      const c = Scenario.of('a b', { volatile });
      const call = c.putSynced('a', 'k', 'v');
      c.deliverAll();
      expect(outcome(call)).toBe('written 1');
    }
  });

  it('are not answered by a flush of what was written before them', () => {
    const c = flushedByScript('a b');
    c.node('b').disk.hangs = true;
    const call = c.putSynced('a', 'k', 'v');
    c.deliverAll();
    c.flushDisks('a', 'b');
    c.node('b').disk.hangs = false;
    c.node('b').completeWrites();
    c.deliverAll();
    expect([outcome(call), c.get('a', 'k').value]).toEqual(['none yet', 'v']);
    c.flushDisks('b');
    c.deliverAll();
    expect(outcome(call)).toBe('written 1');
  });

  it('need not be flushed by a member that is evicted meanwhile', () => {
    const c = flushedByScript();
    const call = c.putSynced('a', 'k', 'v');
    c.deliverAll();
    c.flushDisks('a', 'b');
    c.kill('c');
    c.until(() => c.inSync.join() === 'a,b', 'c is not evicted');
    expect(outcome(call)).toBe('written 1');
  });

  it('have an unknown outcome if their primary is deposed first', () => {
    const c = flushedByScript('a b');
    const call = c.putSynced('a', 'k', 'v');
    c.deliverAll();
    c.pause('a');
    c.until(() => c.primary === 'b', 'b does not take over');
    c.resume('a');
    c.advance(200);
    expect(outcome(call)).toBe('OUTCOME_UNKNOWN');
  });

  it('wait again when they are sent again; a takeover has flushed them', () => {
    const c = flushedByScript();
    c.request('a', 1, { key: 'k', value: 'v', sync: true });
    c.deliverAll();
    const again = { key: 'k', value: 'v', sync: true, isFirstAttempt: false };
    const second = c.request('a', 1, again);
    c.kill('a');
    expect(outcome(second)).toBe('none yet');
    c.until(() => c.primary === 'b', 'b does not take over');
    expect(outcome(c.request('b', 1, again))).toBe('written 1');
  });

  it('learn from Sync what a peer has flushed', () => {
    const c = flushedByScript('a b');
    const call = c.putSynced('a', 'k', 'v');
    c.deliverAll();
    c.flushDisks('a');
    c.drop('appendAnswer');
    c.flushDisks('b');
    c.deliverAll();
    expect(outcome(call)).toBe('none yet');
    c.heal();
    c.breakLink('a', 'b');
    c.advance(200);
    expect(outcome(call)).toBe('written 1');
  });

  it('are answered before a planned stop, with a successor or alone', () => {
    for (const names of ['a b', 'a']) {
      const c = flushedByScript(names);
      const call = c.putSynced('a', 'k', 'v');
      c.deliverAll();
      c.stop('a');
      c.advance(200);
      expect([outcome(call), c.node('a').stopped]).toEqual(['none yet', 'no']);
      expect(outcome(c.put('a', 'l', 'w'))).toBe('HANDOVER_IN_PROGRESS');
      c.flushDisks(...names.split(' '));
      c.advance(200);
      expect(outcome(call)).toBe('written 1');
      c.until(() => c.node('a').stopped === 'clean', 'a does not stop');
    }
  });
});
