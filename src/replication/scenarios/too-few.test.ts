import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

describe('too few (R11)', () => {
  it('writes are refused before they are appended, reads are served', () => {
    const c = Scenario.of('a', { minInSync: 2 });
    expect(outcome(c.put('a', 'k', 'v'))).toBe('TOO_FEW_IN_SYNC');
    expect(c.status('a').lastSeq).toBe(0);
    expect(c.get('a', 'k')).toEqual({ version: 0 });
  });

  it('writes are accepted once a second member has joined', () => {
    const c = Scenario.of('a', { minInSync: 2 });
    c.start('b');
    c.stabilize();
    const call = c.put('a', 'k', 'v');
    c.deliverAll();
    expect(outcome(call)).toBe('written 1');
  });

  it('entries appended before the second member died wait, and commit once another has joined', () => {
    const c = Scenario.of('a b', { minInSync: 2 });
    c.pause('b');
    const call = c.put('a', 'k', 'v');
    c.until(() => c.inSync.join() === 'a', 'not evicted');
    c.advance(2000);
    expect(outcome(call)).toBe('none yet');
    expect(c.get('a', 'k')).toEqual({ version: 0 });
    c.kill('b');
    c.start('b');
    c.stabilize();
    c.advance(200);
    expect(outcome(call)).toBe('written 1');
  });

  it('a write survives the crash and return of either of two members', () => {
    for (const dying of ['a', 'b']) {
      const c = Scenario.of('a b', { minInSync: 2 });
      const call = c.put('a', 'k', 'v');
      c.stepUntil(() => c.status('b').lastSeq === 1);
      c.kill(dying);
      c.advance(500);
      c.start(dying);
      c.stabilize();
      c.advance(300);
      expect(c.get(c.primary!, 'k')).toEqual({ value: 'v', version: 1 });
      expect(outcome(call)).toBe(dying === 'a' ? 'none yet' : 'written 1');
    }
  });
});
