import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

describe('birth (R3)', () => {
  it('the first candidate creates the state, the others join it', () => {
    const c = new Scenario();
    c.start('a', 'b', 'c');
    c.stabilize();
    expect(c.primary).toBe('a');
    expect(c.state).toMatchObject({ epoch: 1, primary: 'a~1', inSync: ['a~1', 'b~1', 'c~1'], seqFloor: 1 });
    const call = c.put('a', 'k', 'v');
    c.deliverAll();
    expect(outcome(call)).toBe('written 1');
    expect(c.get('a', 'k')).toEqual({ value: 'v', version: 1 });
  });
});
