import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

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

  it('do not delay other writes, and refused ones wait for no flush', () => {
    const c = flushedByScript();
    const synced = c.putSynced('a', 'k', 'v');
    const others = [c.put('a', 'k', 'w'), c.delete('a', 'l')];
    const refused = c.node('a').write('k', 'x', { ifVersion: 7, sync: true });
    c.deliverAll();
    expect([synced, ...others, refused].map(outcome)).toEqual(['none yet', 'written 2', 'nothingToDelete', 'VERSION_MISMATCH 2']);
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
