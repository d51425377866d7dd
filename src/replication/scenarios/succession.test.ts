import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

/** a falls silent; b claims, and the answer to its claim is lost. */
function unknownClaim(fate: 'applied' | 'notApplied'): Scenario {
  const c = Scenario.of('a b c');
  c.pause('a');
  c.until(() => c.role('b') === 'backup', 'never');
  c.node('b').session.loseNextAnswer = fate;
  c.node('b').session.watchesMuted = true;
  for (let count = 0; count < 100 && c.role('b') !== 'claimant'; count++) {
    c.elapse(50);
    c.tick('b');
  }
  expect(c.role('b')).toBe('claimant');
  c.stepUntil(() => c.node('b').session.loseNextAnswer === undefined);
  return c;
}

describe('succession (R4)', () => {
  it('the successor claims when grace has passed, even while the znode of the old primary stands', () => {
    const c = Scenario.of('a b c');
    const startMs = c.cluster.nowMs;
    c.pause('a');
    c.until(() => c.primary === 'b', 'no failover');
    expect(c.cluster.nowMs - startMs).toBeGreaterThan(1000);
    expect(c.cluster.nowMs - startMs).toBeLessThan(2000);
    expect(c.state).toMatchObject({ epoch: 2, primary: 'b~1', inSync: ['b~1', 'c~1'] });
    expect(c.cluster.ensemble.candidates[0]?.replicaId).toBe('a~1');
    // The next in line waited a little longer, so it did not have to claim.
    expect(c.node('c').roles).not.toContain('claimant 1');
  });

  it('a candidate outside the in-sync set never wins, whatever its order', () => {
    const c = new Scenario();
    c.start('a');
    c.stabilize();
    c.drop('syncAnswer', ({ from }) => from === 'b~1');
    c.start('b', 'c');
    c.until(() => c.inSync.join() === 'a,c', 'c not in sync');
    c.kill('a');
    c.until(() => c.primary !== undefined, 'no failover');
    expect(c.primary).toBe('c');
  });

  it('no candidate wins if no member of the set lives', () => {
    const c = new Scenario();
    c.start('a');
    c.stabilize();
    c.drop('syncAnswer');
    c.start('b');
    c.advance(500);
    c.kill('a');
    c.advance(20_000);
    expect(c.state).toMatchObject({ epoch: 1, primary: 'a~1' });
  });

  it('a backup never claims within a grace of a beacon that it answered', () => {
    const c = Scenario.of('a b c');
    c.pause('a');
    // It may have answered the last beacon a beacon interval ago.
    c.advance(1250 - 150 - 50);
    expect(c.role('b')).toBe('backup');
    expect(c.state?.epoch).toBe(1);
  });

  it('the next in line claims a little later if the first does not', () => {
    const c = Scenario.of('a b c');
    c.pause('a');
    c.pause('b');
    c.until(() => c.role('c') === 'primary', 'no failover', 1800);
    expect(c.state).toMatchObject({ epoch: 2, primary: 'c~1', inSync: ['b~1', 'c~1'] });
    c.until(() => c.primary === 'c', 'b is not evicted', 1500);
  });

  it('seeing a new epoch restarts the whole wait', () => {
    const c = Scenario.of('a b c');
    c.pause('a');
    c.hold('b', 'c');
    c.until(() => c.state?.epoch === 2, 'no failover');
    expect(c.status('c').epoch).toBe(2);
    c.kill('b');
    c.advance(1000);
    // It has received no beacon for much longer.
    expect(c.state?.epoch).toBe(2);
    c.until(() => c.primary === 'c', 'no failover', 1500);
  });

  it('a replica that wakes from a stall receives the waiting messages before it claims', () => {
    const c = Scenario.of('a b c');
    c.pause('b');
    c.elapse(300);
    c.tick('a');
    c.tick('c');
    c.elapse(600);
    c.tick('a');
    c.elapse(600);
    c.resume('b');
    // The tick comes first, the waiting beacons after it.
    c.tick('b');
    expect(c.role('b')).toBe('backup');
    c.advance(500);
    expect(c.role('b')).toBe('backup');
    expect(c.state).toMatchObject({ epoch: 1, inSync: ['a~1', 'b~1', 'c~1'] });
  });

  it('a replica does not claim without a connected session', () => {
    const c = Scenario.of('a b');
    c.disconnect('b');
    c.pause('a');
    c.advance(4000);
    expect(c.role('b')).toBe('backup');
    c.reconnect('b');
    c.until(() => c.primary === 'b', 'no failover', 1000);
  });

  it.each(['applied', 'notApplied'] as const)(
    'while a claim may yet succeed (%s), no beacon and no entry of the older epoch is answered',
    (fate) => {
      const c = unknownClaim(fate);
      c.forgetSent();
      // a cannot evict b meanwhile.
      c.node('a').session.held = true;
      c.node('b').session.held = true;
      c.resume('a');
      const call = c.put('a', 'k', 'v');
      c.advance(200);
      expect(c.role('b')).toBe('claimant');
      expect(c.sent('beaconAnswer', 'b').filter(({ body }) => !body.probe)).toEqual([]);
      expect(c.sent('appendAnswer', 'b')).toEqual([]);
      expect(outcome(call)).not.toMatch(/written/);
      expect(c.get('a', 'k').refusal).toBeDefined();
    },
  );

  it('the new epoch is used only once the claim is known to have succeeded, by a repeated attempt', () => {
    const c = unknownClaim('applied');
    c.node('b').session.held = true;
    c.advance(200);
    expect(c.state?.epoch).toBe(2);
    expect(c.role('b')).toBe('claimant');
    expect(c.sent('beacon', 'b')).toEqual([]);
    c.node('b').session.held = false;
    c.until(() => c.primary === 'b', 'claim not settled', 2000);
    expect(c.state).toMatchObject({ epoch: 2, primary: 'b~1' });
  });

  it('a replica whose claim lost to the next in line follows the winner', () => {
    const c = unknownClaim('notApplied');
    c.node('b').session.held = true;
    c.until(() => c.primary === 'c' || c.state?.epoch === 2, 'no failover', 5000);
    c.node('b').session.watchesMuted = false;
    c.node('b').session.held = false;
    c.resume('a');
    c.stabilize();
    expect(c.primary).toBe('c');
    expect(c.role('b')).toBe('backup');
  });

  it('a primary that stepped down lets others claim first, and claims itself if it is alone', () => {
    const c = Scenario.of('a b');
    c.node('a').disk.hangs = true;
    c.put('a', 'k', 'v');
    c.until(() => c.role('a') === 'backup', 'no step down');
    c.node('a').disk.hangs = false;
    c.node('a').completeWrites();
    c.until(() => c.primary !== undefined, 'no replica serves');
    expect(c.primary).toBe('b');

    const alone = Scenario.of('a');
    alone.node('a').disk.hangs = true;
    alone.put('a', 'k', 'v');
    alone.advance(3000);
    expect(alone.role('a')).toBe('backup');
    alone.node('a').disk.hangs = false;
    alone.node('a').completeWrites();
    alone.advance(50);
    expect(alone.primary).toBe('a');
    expect(alone.state).toMatchObject({ epoch: 2, primary: 'a~1', inSync: ['a~1'] });
    expect(alone.get('a', 'k')).toEqual({ value: 'v', version: 1 });
  });
});
