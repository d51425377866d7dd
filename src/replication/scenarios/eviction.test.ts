import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

function three(): Scenario {
  const c = new Scenario();
  c.start('a', 'b', 'c');
  c.stabilize();
  return c;
}

describe('eviction (R7)', () => {
  it('a backup that answers beacons and syncs but never takes an entry is removed, and writes go on', () => {
    const c = three();
    c.put('a', 'k', 'before');
    c.advance(200);
    c.drop('append', ({ to }) => to === 'b~1');
    const call = c.put('a', 'k', 'v');
    c.advance(2000);
    expect(c.inSync).toEqual(['a', 'c']);
    expect(outcome(call)).toBe('written 2');
  });
});
