import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

describe('all gone (R13)', () => {
  it('joiners that followed a forced primary before it served are taken in without another write', () => {
    const c = new Scenario({ minInSync: 2 });
    c.start('a', 'b', 'c');
    c.stabilize();
    c.put('a', 'k', 'v');
    c.advance(500);
    c.pause('c');
    c.pause('b');
    c.until(() => c.inSync.join() === 'a', 'b and c not evicted');
    c.kill('a');
    c.expire('a');
    c.resume('b');
    c.resume('c');
    c.advance(500);
    c.node('b').disk.hangs = true;
    const call = c.force('b');
    c.deliverAll();
    // The epoch is durable first, so that peers are synced; what then becomes of the log takes longer.
    c.node('b').completeOneWrite();
    c.advance(200);
    c.node('b').disk.hangs = false;
    c.node('b').completeWrites();
    expect(outcome(call)).toBe('forced');
    c.stabilize();
    expect(c.inSync).toEqual(['b', 'c']);
  });
});
