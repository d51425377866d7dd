import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

describe('eviction, and compare-and-set (R7)', () => {
  it('a backup that is silent for a lease is evicted, and the waiting writes are answered', () => {
    const c = Scenario.of('a b c');
    c.pause('b');
    const call = c.put('a', 'k', 'v');
    c.advance(900);
    expect(outcome(call)).toBe('none yet');
    c.advance(400);
    expect(c.inSync).toEqual(['a', 'c']);
    expect(outcome(call)).toBe('written 1');
  });

  it('a backup whose process is gone is evicted at once', () => {
    const c = Scenario.of('a b c');
    const call = c.put('a', 'k', 'v');
    c.kill('b');
    c.advance(100);
    expect(c.inSync).toEqual(['a', 'c']);
    expect(outcome(call)).toBe('written 1');
  });

  it('a backup that answers beacons and Sync but acknowledges no entry is evicted, and writes go on', () => {
    const c = Scenario.of('a b c');
    c.put('a', 'k', 'before');
    c.advance(200);
    c.drop('append', ({ to }) => to === 'b~1');
    const call = c.put('a', 'k', 'v');
    c.advance(2000);
    expect(c.inSync).toEqual(['a', 'c']);
    expect(outcome(call)).toBe('written 2');
  });

  it('a backup whose disk hangs is evicted', () => {
    const c = Scenario.of('a b c');
    c.node('b').disk.hangs = true;
    const call = c.put('a', 'k', 'v');
    c.advance(2000);
    expect(c.inSync).toEqual(['a', 'c']);
    expect(outcome(call)).toBe('written 1');
  });

  it('a member stays required until its eviction has succeeded in ZooKeeper', () => {
    const c = Scenario.of('a b');
    c.node('a').session.held = true;
    c.kill('b');
    const call = c.put('a', 'k', 'v');
    c.advance(800);
    expect(outcome(call)).toBe('none yet');
    expect(c.get('a', 'k').value).toBeUndefined();
    c.node('a').session.held = false;
    c.advance(50);
    expect(outcome(call)).toBe('written 1');
  });

  it('a read that still shows the old version does not settle a lost answer', () => {
    const c = Scenario.of('a b');
    const { session } = c.node('a');
    session.loseNextAnswer = 'applied';
    session.lag = 1;
    c.kill('b');
    const call = c.put('a', 'k', 'v');
    c.stepUntil(() => c.inSync.join() === 'a');
    c.deliverAll();
    session.refresh(false);
    c.deliverAll();
    // a has read the old version: b stays required, and a proposes nothing else.
    expect(c.status('a').state?.inSync).toEqual(['a~1', 'b~1']);
    expect(outcome(call)).toBe('none yet');
    c.advance(1000);
    expect(c.status('a').state?.inSync).toEqual(['a~1', 'b~1']);
    expect(outcome(call)).toBe('none yet');
    session.lag = 0;
    c.advance(100);
    expect(outcome(call)).toBe('written 1');
  });

  it('a proposal whose answer was lost is repeated on the same version until it succeeds', () => {
    const c = Scenario.of('a b');
    c.node('a').session.loseNextAnswer = 'notApplied';
    c.kill('b');
    c.deliverAll();
    c.advance(100);
    expect(c.inSync).toEqual(['a', 'b']);
    c.advance(400);
    expect(c.inSync).toEqual(['a']);
  });

  it('no other change is proposed while the outcome of one is unknown', () => {
    const c = Scenario.of('a b c');
    const proposed = () => c.notes('a').filter((kind) => kind === 'membersProposed').length;
    const before = proposed();
    c.node('a').session.held = true;
    c.kill('b');
    c.advance(100);
    c.kill('c');
    c.advance(500);
    expect(proposed()).toBe(before + 1);
    c.node('a').session.held = false;
    c.advance(200);
    expect(c.inSync).toEqual(['a']);
  });

  it('a primary whose eviction loses to a claim is deposed', () => {
    const c = Scenario.of('a b c');
    c.node('a').session.held = true;
    c.partition('a', 'b');
    const call = c.put('a', 'k', 'v');
    c.until(() => c.state?.epoch === 2, 'no claim');
    c.node('a').session.held = false;
    c.advance(100);
    expect(c.role('a')).not.toBe('primary');
    expect(outcome(call)).toBe('OUTCOME_UNKNOWN');
    c.heal();
    c.stabilize();
  });

  it('minInSync counts only members that are in the set under every outcome', () => {
    const c = Scenario.of('a b', { minInSync: 2 });
    c.node('a').session.held = true;
    // The eviction of b is proposed; its outcome is unknown.
    c.kill('b');
    c.advance(50);
    expect(outcome(c.put('a', 'k', 'v'))).toBe('TOO_FEW_IN_SYNC');

    const d = new Scenario({ minInSync: 2 });
    d.start('a');
    d.stabilize();
    d.start('b');
    d.until(() => d.notes('a').includes('membersProposed') || d.isStable, 'b never proposed');
    d.stabilize();
    d.kill('b');
    d.stabilize();
    d.start('b');
    d.node('a').session.loseNextAnswer = 'applied';
    d.node('a').session.watchesMuted = true;
    d.until(() => d.inSync.length === 2, 'b not added');
    // The addition is written, but a does not know it yet.
    expect(d.status('a').state?.inSync).toEqual(['a~1']);
    expect(outcome(d.put('a', 'k', 'v'))).toBe('TOO_FEW_IN_SYNC');
    d.stabilize();
    d.advance(1000);
    const call = d.put('a', 'k', 'v');
    d.deliverAll();
    expect(outcome(call)).toBe('written 1');
  });

  it.each(['applied', 'notApplied'] as const)(
    'a primary that steps down before it knows the outcome (%s) does nothing before it does',
    (fate) => {
      const c = Scenario.of('a b');
      const { disk, session } = c.node('a');
      session.loseNextAnswer = fate;
      session.watchesMuted = true;
      c.kill('b');
      c.stepUntil(() => session.loseNextAnswer === undefined);
      session.held = true;
      disk.hangs = true;
      c.put('a', 'k', 'v');
      c.advance(1200);
      expect(c.role('a')).toBe('backup');
      disk.hangs = false;
      c.node('a').completeWrites();
      c.advance(3000);
      // Its claim would be based on a version that may be outdated.
      expect(c.role('a')).toBe('backup');
      session.held = false;
      session.watchesMuted = false;
      c.until(() => c.primary === 'a', 'never serves again', 10_000);
      expect(c.get('a', 'k')).toEqual({ value: 'v', version: 1 });
      expect(c.inSync).toEqual(['a']);
    },
  );

  it('a repetition that was not sent settles nothing: the attempt before it may have succeeded', () => {
    const c = Scenario.of('a');
    c.start('b');
    const { session } = c.node('a');
    session.loseNextAnswer = 'applied';
    session.watchesMuted = true;
    c.until(() => c.inSync.length === 2, 'never added');
    // a reads the old version, so it repeats its attempt, on a connection that is gone without its knowledge.
    session.lag = 1;
    c.advance(50);
    session.refresh(false);
    c.deliverAll();
    session.connected = false;
    c.advance(400);
    c.hold('a', 'b');
    const call = c.put('a', 'k', 'v');
    c.advance(700);
    // a believes that it is alone; in ZooKeeper b is a member.
    expect(c.status('a').state?.inSync).toEqual(['a~1']);
    expect(outcome(call)).toBe('none yet');
  });
});
