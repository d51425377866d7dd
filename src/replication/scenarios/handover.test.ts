import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

describe('handover (R12)', () => {
  it('a primary that goes at its deadline tells whoever waits that the outcome is unknown', () => {
    const c = new Scenario();
    c.start('a', 'b');
    c.stabilize();
    c.hold('a', 'b');
    const call = c.put('a', 'k', 'v');
    c.stop('a', 300);
    c.advance(400);
    expect(c.node('a').stopped).toBe('unclean');
    expect(outcome(call)).toBe('OUTCOME_UNKNOWN');
  });
});
