import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

/** The last member, a, is gone; b and c hold nearly everything. */
function lastMemberGone(options = {}): Scenario {
  const c = Scenario.of('a b c', options);
  c.put('a', 'k', 'v');
  c.advance(500);
  c.pause('b');
  c.pause('c');
  c.until(() => c.inSync.join() === 'a', 'not evicted');
  c.put('a', 'k', 'only at a');
  c.deliverAll();
  c.kill('a');
  c.expire('a');
  c.resume('b');
  c.resume('c');
  c.advance(500);
  return c;
}

describe('all gone (R13)', () => {
  it('nothing goes on by itself, and every node says what is lost', () => {
    const c = lastMemberGone();
    c.start('a');
    c.advance(20_000);
    expect(c.primary).toBeUndefined();
    expect(c.state).toMatchObject({ epoch: 1, inSync: ['a~1'] });
    for (const name of ['a', 'b', 'c']) {
      expect(c.snapshot(name).offline).toBe(true);
      expect(c.node(name).notes).toContainEqual({ kind: 'offline', lost: ['a~1'] });
    }
  });

  it('the command goes on with what a live replica holds, and raises the seq floor so that no version comes twice', () => {
    const c = lastMemberGone();
    const call = c.force('b');
    c.deliverAll();
    expect(call.answers).toEqual([{ kind: 'forced', epoch: 2, seqFloor: 2 ** 32 + 2 }]);
    c.stabilize();
    expect(c.primary).toBe('b');
    expect(c.get('b', 'k')).toEqual({ value: 'v', version: 1 });
    const next = c.put('b', 'k', 'new');
    c.deliverAll();
    expect(outcome(next)).toBe(`written ${2 ** 32 + 2}`);
    c.start('a');
    c.stabilize();
    expect(c.inSync).toEqual(['a', 'b', 'c']);
    expect(c.node('a').store.versionOf('k')).toBe(2 ** 32 + 2);
  });

  it('joiners that followed a forced primary before it served are taken in without another write', () => {
    const c = lastMemberGone({ minInSync: 2 });
    c.node('b').disk.hangs = true;
    const call = c.force('b');
    c.deliverAll();
    c.node('b').completeOneWrite();
    c.advance(200);
    c.node('b').disk.hangs = false;
    c.node('b').completeWrites();
    expect(outcome(call)).toBe('forced');
    c.stabilize();
    expect(c.inSync).toEqual(['b', 'c']);
  });

  it('the command is refused while a member is registered, and at the primary', () => {
    const c = Scenario.of('a b');
    expect(outcome(c.force('b'))).toBe('notForced');
    expect(outcome(c.force('a'))).toBe('notForced');
    expect(c.primary).toBe('a');
  });

  it('the command works where ZooKeeper has lost the state', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.advance(500);
    c.cluster.register.wipe();
    for (const name of ['a', 'b']) {
      c.node(name).session.registered = false;
      c.reconnect(name);
    }
    c.advance(3000);
    expect(c.primary).toBeUndefined();
    const call = c.force('b');
    c.stabilize();
    expect(outcome(call)).toBe('forced');
    expect(c.state).toMatchObject({ epoch: 2, seqFloor: 2 ** 32 + 2 });
    expect(c.get('b', 'k').value).toBe('v');
  });

  it('where a half-laid dump is all that is left, the command begins empty', () => {
    const c = Scenario.of('a', { retainEntries: 1 });
    for (const key of ['k1', 'k2', 'k3', 'k4', 'k5', 'k6']) c.put('a', key, 'v');
    c.deliverAll();
    c.start('b');
    c.until(() => c.cluster.dumps.length > 0 || !c.snapshot('b').complete, 'no dump', 3000);
    const d = new Scenario({ retainEntries: 1 });
    d.start('a');
    d.stabilize();
    for (const key of ['k1', 'k2', 'k3', 'k4', 'k5', 'k6']) d.put('a', key, 'v');
    d.start('b');
    d.stepUntil(() => d.role('b') === 'joiner' && d.snapshot('b').epoch === 1);
    d.cluster.dumpsHeld = true;
    d.until(() => d.cluster.dumps.length === 1, 'no dump', 3000);
    d.cluster.dumpsHeld = false;
    d.stepUntil(() => !d.snapshot('b').complete);
    d.kill('a');
    d.expire('a');
    d.cluster.dumps.length = 0;
    d.advance(500);
    expect(d.snapshot('b').complete).toBe(false);
    const call = d.force('b');
    d.stabilize();
    expect(outcome(call)).toBe('forced');
    expect(d.get('b', 'k1')).toEqual({ version: 0 });
  });
});

describe('a planned end (R13)', () => {
  it('the last member ends the history; the next candidate begins empty at a higher epoch, from the seq floor', () => {
    const c = Scenario.of('a');
    c.put('a', 'k', 'v1');
    c.put('a', 'k', 'v2');
    c.stop('a');
    c.until(() => c.node('a').stopped === 'clean', 'a never stops', 1000);
    expect(c.state).toEqual({ epoch: 2, primary: undefined, inSync: [], seqFloor: 3 });
    expect(c.notes('a')).toContain('historyEnded');
    c.start('a');
    c.stabilize();
    expect(c.state).toMatchObject({ epoch: 3, inSync: ['a~2'] });
    expect(c.get('a', 'k')).toEqual({ version: 0 });
    const call = c.put('a', 'k', 'v3');
    c.deliverAll();
    expect(outcome(call)).toBe('written 3');
  });

  it('one that holds a copy of the ended history discards it', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v1');
    c.advance(500);
    c.disconnect('b');
    c.partition('a', 'b');
    c.until(() => c.inSync.join() === 'a', 'not evicted');
    c.put('a', 'k', 'v2');
    c.deliverAll();
    c.expire('b');
    c.stop('a');
    c.until(() => c.node('a').stopped === 'clean', 'a never stops', 1000);
    c.heal();
    c.reconnect('b');
    c.stabilize();
    expect(c.get('b', 'k')).toEqual({ version: 0 });
    c.start('a');
    c.stabilize();
    const call = c.put('b', 'k', 'v3');
    c.deliverAll();
    expect(outcome(call)).toBe('written 3');
  });

  it('a stale copy that is not first in line takes a dump of the new history', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v1');
    c.advance(500);
    c.disconnect('b');
    c.partition('a', 'b');
    c.until(() => c.inSync.join() === 'a', 'not evicted');
    c.expire('b');
    c.stop('a');
    c.until(() => c.node('a').stopped === 'clean', 'a never stops', 1000);
    c.heal();
    c.start('c');
    c.stepUntil(() => c.cluster.register.candidates.length === 1);
    c.until(() => c.primary === 'c', 'no rebirth');
    c.reconnect('b');
    c.stabilize();
    expect(c.inSync).toEqual(['b', 'c']);
    expect(c.node('b').store.items.size).toBe(0);
  });

  it('it waits for a live replica to join, and hands over to it', () => {
    const c = Scenario.of('a');
    c.put('a', 'k', 'v');
    c.deliverAll();
    c.drop('syncAnswer');
    c.start('b');
    c.advance(200);
    c.stop('a');
    c.advance(2000);
    expect(c.node('a').stopped).toBe('no');
    c.heal();
    c.until(() => c.primary === 'b', 'no handover', 3000);
    expect(c.get('b', 'k').value).toBe('v');
  });

  it('past the deadline it goes without ending the history', () => {
    const c = Scenario.of('a');
    c.drop('syncAnswer');
    c.start('b');
    c.advance(200);
    c.stop('a', 1000);
    c.advance(1200);
    expect(c.node('a').stopped).toBe('unclean');
    expect(c.state).toMatchObject({ epoch: 1, primary: 'a~1', inSync: ['a~1'] });
  });

  it.each(['applied', 'notApplied'] as const)(
    'from before the end is sent until it has definitely failed, nothing is served (%s)',
    (fate) => {
      const c = Scenario.of('a');
      const { session } = c.node('a');
      session.loseNextAnswer = fate;
      session.watchesMuted = true;
      c.stop('a');
      c.stepUntil(() => session.loseNextAnswer === undefined);
      session.held = true;
      c.advance(100);
      expect(c.get('a', 'k')).toEqual({ refusal: 'HANDOVER_IN_PROGRESS' });
      expect(outcome(c.put('a', 'k', 'v'))).toBe('HANDOVER_IN_PROGRESS');
      session.held = false;
      c.until(() => c.node('a').stopped === 'clean', 'a never stops', 2000);
      expect(c.state?.primary).toBeUndefined();
    },
  );
});
