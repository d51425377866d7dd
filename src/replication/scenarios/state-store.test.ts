import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

/** The state store of a replica does not answer: reads of values that are not in memory wait. */
describe('a state store that does not answer (R12)', () => {
  it('the primary hands over without waiting for the grace, and stays in the set with its copy', () => {
    const c = Scenario.of('a b c');
    const call = c.put('a', 'k', 'v');
    const startMs = c.cluster.nowMs;
    c.stateStore('a', false);
    c.until(() => c.primary === 'b', 'no handover', 500);
    expect(c.cluster.nowMs - startMs).toBeLessThan(500);
    expect(outcome(call)).toBe('written 1');
    c.advance(3000);
    expect(c.inSync).toEqual(['a', 'b', 'c']);
    expect(c.role('a')).toBe('backup');
  });

  it('it hands over to a replica whose store answers, whatever the order of succession', () => {
    const c = Scenario.of('a b c');
    c.stateStore('b', false);
    c.advance(200);
    c.stateStore('a', false);
    c.until(() => c.primary === 'c', 'no handover to c', 500);
    expect(c.state?.epoch).toBe(2);
  });

  it('it stays where no other can lead: their stores do not answer, or they are gone', () => {
    const c = Scenario.of('a b c');
    for (const name of ['b', 'c']) c.stateStore(name, false);
    c.advance(200);
    c.stateStore('a', false);
    c.advance(1000);
    expect(c.primary).toBe('a');
    expect(outcome(c.put('a', 'k', 'v'))).not.toBe('HANDOVER_IN_PROGRESS');
    c.stateStore('c', true);
    c.until(() => c.primary === 'c', 'no handover to c', 1000);
    const alone = Scenario.of('a');
    alone.stateStore('a', false);
    alone.advance(1000);
    expect(alone.primary).toBe('a');
  });

  it('a handover that has not been proposed is called off when the store answers again', () => {
    const c = Scenario.of('a b');
    c.hold('a', 'b');
    const waiting = c.put('a', 'k', 'v');
    c.stateStore('a', false);
    expect(outcome(c.put('a', 'k', 'w'))).toBe('HANDOVER_IN_PROGRESS');
    c.stateStore('a', true);
    expect(outcome(c.put('a', 'other', 'w'))).not.toBe('HANDOVER_IN_PROGRESS');
    c.heal();
    c.until(() => outcome(waiting) === 'written 1', 'the write is not answered', 500);
    expect(c.primary).toBe('a');
  });

  it('a replica whose store does not answer claims after all others in line', () => {
    const c = Scenario.of('a b c');
    c.stateStore('b', false);
    c.advance(200);
    c.kill('a');
    c.until(() => c.primary !== undefined, 'nobody takes over');
    expect(c.primary).toBe('c');
  });

  it('it claims nevertheless if no other replica can', () => {
    const c = Scenario.of('a b');
    c.stateStore('b', false);
    c.advance(200);
    c.kill('a');
    c.until(() => c.primary === 'b', 'b does not take over');
  });

  it('the preferred primary is not given the shard while its store does not answer (R15)', () => {
    const c = Scenario.of('a b c');
    c.place('b c a');
    c.stateStore('b', false);
    c.advance(20_000);
    expect(c.primary).toBe('a');
    c.stateStore('b', true);
    c.until(() => c.primary === 'b', 'no handover to b', 20_000);
  });

  it('a planned stop hands over to such a replica if there is no other', () => {
    const c = Scenario.of('a b');
    c.stateStore('b', false);
    c.advance(200);
    c.stop('a');
    c.until(() => c.primary === 'b', 'no handover', 500);
  });
});
