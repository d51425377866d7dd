import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

describe('handover (R12)', () => {
  it('on a planned stop the successor takes over without waiting for the grace, and nothing is lost', () => {
    const c = Scenario.of('a b c');
    const call = c.put('a', 'k', 'v');
    const startMs = c.cluster.nowMs;
    c.stop('a');
    c.until(() => c.primary === 'b', 'no handover', 500);
    expect(c.cluster.nowMs - startMs).toBeLessThan(500);
    expect(outcome(call)).toBe('written 1');
    expect(c.get('b', 'k').value).toBe('v');
    c.until(() => c.node('a').stopped === 'clean', 'a never stops', 2000);
    expect(c.inSync).toEqual(['b', 'c']);
  });

  it('a draining primary refuses new writes, retryably, and serves reads', () => {
    const c = Scenario.of('a b');
    c.hold('a', 'b');
    const waiting = c.put('a', 'k', 'v');
    c.stop('a');
    c.advance(50);
    expect(outcome(c.put('a', 'k', 'w'))).toBe('HANDOVER_IN_PROGRESS');
    expect(c.get('a', 'k')).toEqual({ version: 0 });
    expect(c.state?.epoch).toBe(1);
    c.heal();
    c.until(() => c.primary === 'b', 'no handover', 500);
    expect(outcome(waiting)).toBe('written 1');
  });

  it.each(['applied', 'notApplied'] as const)(
    'from before the change is sent until it has definitely failed, no reads (%s)',
    (fate) => {
      const c = Scenario.of('a b');
      const { session } = c.node('a');
      session.loseNextAnswer = fate;
      session.watchesMuted = true;
      c.node('b').session.watchesMuted = true;
      c.stop('a');
      c.stepUntil(() => session.loseNextAnswer === undefined);
      c.node('a').session.held = true;
      expect(c.get('a', 'k')).toEqual({ refusal: 'HANDOVER_IN_PROGRESS' });
      c.advance(500);
      expect(c.get('a', 'k')).toEqual({ refusal: 'HANDOVER_IN_PROGRESS' });
      session.held = false;
      c.node('b').session.watchesMuted = false;
      c.cluster.ensemble.fire('state');
      c.until(() => c.primary === 'b', 'no handover', 3000);
    },
  );

  it('a handover that has definitely failed is tried again', () => {
    const c = Scenario.of('a b');
    c.node('a').session.held = true;
    c.stop('a');
    c.advance(100);
    c.cluster.ensemble.compareAndSet(c.cluster.ensemble.znode!.version, c.state!);
    c.node('a').session.held = false;
    c.until(() => c.primary === 'b', 'no handover', 2000);
    expect(c.state?.epoch).toBe(2);
  });

  it('the old primary stays in the set until the successor serves', () => {
    const c = Scenario.of('a b c');
    c.node('c').disk.hangs = true;
    c.stop('a');
    c.until(() => c.state?.epoch === 2, 'no handover', 500);
    c.advance(200);
    expect(c.role('b')).toBe('primary');
    expect(c.primary).toBeUndefined();
    expect(c.inSync).toEqual(['a', 'b', 'c']);
    expect(c.node('a').stopped).toBe('no');
    c.node('c').disk.hangs = false;
    c.node('c').completeWrites();
    c.until(() => c.inSync.join() === 'b,c', 'a is not removed from the set', 2000);
    expect(c.primary).toBe('b');
  });

  it('a successor that sends no beacon is replaced', () => {
    const c = Scenario.of('a b c');
    c.stop('a');
    c.stepUntil(() => c.state?.epoch === 2);
    c.kill('b');
    c.until(() => c.primary === 'c', 'no replacement', 4000);
    expect(c.state?.epoch).toBe(3);
  });

  it('a stopping replica that is the only one left takes the shard back when the successor is gone', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.advance(200);
    c.stop('a', 30_000);
    c.stepUntil(() => c.state?.epoch === 2);
    c.kill('b');
    c.expire('b');
    c.start('d');
    c.until(() => c.primary === 'd', 'the data is out of reach', 15_000);
    expect(c.get('d', 'k').value).toBe('v');
  });

  it('a stopping node is no successor while a member that is not stopping lives', () => {
    const c = Scenario.of('a b c');
    c.node('a').session.held = true;
    c.stop('b');
    c.advance(100);
    c.kill('a');
    c.until(() => c.primary !== undefined, 'no failover', 5000);
    // Not even for a moment before it hands over again.
    expect(c.state).toMatchObject({ epoch: 2, primary: 'c~1' });
    expect(c.node('b').roles).not.toContain('claimant 1');
  });

  it('a replica that reports its stop only in its answers, while the primary drains, is no successor either', () => {
    const c = Scenario.of('a b c');
    c.hold('c', 'a');
    const call = c.put('a', 'k', 'v');
    c.stop('a');
    c.deliverAll();
    c.node('a').session.watchesMuted = true;
    c.stop('b');
    c.elapse(150);
    c.tick('a');
    c.stepUntil(() => c.sent('beaconAnswer', 'b').some(({ body }) => body.stopping));
    c.deliverAll();
    c.heal();
    c.stepUntil(() => c.state?.epoch === 2);
    expect(c.state?.primary).toBe('c~1');
    expect(outcome(call)).toBe('written 1');
  });

  it('with too few members to commit, it is enough that the successor holds all appended entries', () => {
    const c = Scenario.of('a b c', { minInSync: 3 });
    c.pause('c');
    const call = c.put('a', 'k', 'v');
    c.until(() => c.inSync.join() === 'a,b', 'not evicted');
    c.stop('a');
    c.until(() => c.primary === 'b', 'no handover', 500);
    expect(c.get('b', 'k')).toEqual({ value: 'v', version: 1 });
    expect(outcome(call)).toBe('OUTCOME_UNKNOWN');
  });

  it('a stopping backup leaves once it is out of the set', () => {
    const c = Scenario.of('a b c');
    c.stop('b');
    c.until(() => c.node('b').stopped === 'clean', 'b never stops', 1000);
    expect(c.inSync).toEqual(['a', 'c']);
    expect(c.primary).toBe('a');
  });

  it('if all replicas are stopping, the primary evicts the others and goes last', () => {
    const c = Scenario.of('a b c');
    c.put('a', 'k', 'v');
    c.stop('b');
    c.stop('c');
    c.deliverAll();
    c.stop('a');
    c.until(() => ['a', 'b', 'c'].every((name) => c.node(name).stopped === 'clean'), 'not all stopped', 3000);
    const sets = c.cluster.ensemble.znodes.map((znode) => znode?.state.inSync.join(' '));
    expect(sets.slice(-2)).toEqual(['a~1', '']);
    expect(c.state).toMatchObject({ epoch: 2, seqFloor: 2 });
  });

  it('replicas that stop at the same instant all stop cleanly, whichever goes last', () => {
    const c = Scenario.of('a b c');
    for (const name of ['b', 'a', 'c']) c.stop(name);
    c.until(() => ['a', 'b', 'c'].every((name) => c.node(name).stopped === 'clean'), 'not all stopped', 5000);
    expect(c.state).toMatchObject({ primary: undefined, inSync: [] });
  });

  it('a primary that stops at its deadline answers waiting writes with an unknown outcome', () => {
    const c = Scenario.of('a b');
    c.hold('a', 'b');
    const call = c.put('a', 'k', 'v');
    c.stop('a', 300);
    c.advance(400);
    expect(c.node('a').stopped).toBe('unclean');
    expect(outcome(call)).toBe('OUTCOME_UNKNOWN');
  });
});
