/** A replica whose database gives no answer: it does not lead while another member can (R12). */
import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

function mark(c: Scenario, name: string, impaired: boolean): void {
  c.cluster.ensemble.markImpaired(c.node(name).replicaId, impaired);
}

describe('an impaired replica', () => {
  it('hands over as primary to the lowest member that can lead, and stays in sync', () => {
    const c = Scenario.of('a b c');
    c.stabilize();
    mark(c, 'b', true);
    mark(c, 'a', true);
    c.until(() => c.primary === 'c', 'no handover');
    c.stabilize();
    expect(c.inSync).toEqual(['a', 'b', 'c']);
    const call = c.put('c', 'k', 'value');
    c.deliverAll();
    expect(outcome(call)).toBe('written 1');
  });

  it('goes on as primary while no other member can lead, and hands over once one can', () => {
    const c = Scenario.of('a b');
    c.stabilize();
    mark(c, 'a', true);
    mark(c, 'b', true);
    c.advance(5_000);
    expect(c.primary).toBe('a');
    const call = c.put('a', 'k', 'value');
    c.deliverAll();
    expect(outcome(call)).toBe('written 1');
    mark(c, 'b', false);
    c.until(() => c.primary === 'b', 'no handover');
  });

  it.each([undefined, 'a b'])(
    'takes writes again if its database answers while others wait for their commit (placed: %s)',
    (placed) => {
      const c = Scenario.of('a b');
      if (placed !== undefined) c.place(placed);
      c.advance(1_000);
      c.hold('a', 'b');
      const waiting = c.put('a', 'k', 'first');
      mark(c, 'a', true);
      c.deliverAll();
      expect(outcome(c.put('a', 'k', 'refused'))).toBe('HANDOVER_IN_PROGRESS');
      mark(c, 'a', false);
      c.deliverAll();
      const call = c.put('a', 'k', 'second');
      c.heal();
      c.deliverAll();
      expect([waiting, call].map(outcome)).toEqual(['written 1', 'written 2']);
      expect(c.primary).toBe('a');
    },
  );

  it.each(['a member does not answer', 'it does not reach ZooKeeper'])('takes writes as primary while %s', (reason) => {
    const c = Scenario.of('a b c');
    c.stabilize();
    mark(c, 'a', true);
    mark(c, 'b', true);
    mark(c, 'c', true);
    c.deliverAll();
    if (reason.startsWith('a member')) c.partition('a', 'c');
    else c.disconnect('a');
    c.advance(600);
    mark(c, 'b', false);
    c.deliverAll();
    expect(outcome(c.put('a', 'k', 'value'))).toBe('none yet');
  });

  it('hands over to one that answers again after a break, although nothing else happens', () => {
    const c = Scenario.of('a b');
    c.stabilize();
    c.partition('a', 'b');
    c.advance(500);
    mark(c, 'a', true);
    c.deliverAll();
    expect(c.primary).toBe('a');
    c.heal();
    c.until(() => c.primary === 'b', 'no handover');
  });

  it('leads if all members that are left are so, too, and hands over to the first that is not any more', () => {
    const c = Scenario.of('a b c');
    c.stabilize();
    mark(c, 'b', true);
    mark(c, 'c', true);
    c.kill('a');
    c.until(() => c.primary === 'b', 'no failover');
    c.stabilize();
    const { epoch } = c.state!;
    c.advance(60_000);
    expect(c.state?.epoch).toBe(epoch);
    mark(c, 'c', false);
    c.until(() => c.primary === 'c', 'no handover');
  });

  it('is not given the shard although it is placed first, until its database answers again', () => {
    const c = Scenario.of('a b');
    c.place('a b');
    c.stabilize();
    mark(c, 'a', true);
    c.until(() => c.primary === 'b', 'no handover');
    c.advance(60_000);
    expect(c.primary).toBe('b');
    mark(c, 'a', false);
    c.until(() => c.primary === 'a', 'it does not come back');
  });

  it('takes over from a primary that stops where no other member can', () => {
    const c = Scenario.of('a b');
    c.stabilize();
    mark(c, 'b', true);
    c.stop('a');
    c.until(() => c.primary === 'b', 'no handover');
    c.until(() => c.node('a').stopped === 'clean', 'it never stops');
  });

  it('succeeds a dead primary only behind the others', () => {
    const c = Scenario.of('a b c');
    c.stabilize();
    mark(c, 'b', true);
    c.kill('a');
    c.until(() => c.primary === 'c', 'no failover');
    expect(c.node('b').roles.some((role) => role.startsWith('claimant') || role.startsWith('primary'))).toBe(false);
  });

  it('succeeds a dead primary where it is the only one', () => {
    const c = Scenario.of('a b');
    c.stabilize();
    mark(c, 'b', true);
    c.kill('a');
    c.until(() => c.primary === 'b', 'no failover');
  });
});
