import { describe, expect, it } from 'vitest';
import { lostStateGapOf } from '../protocol/shard-state.js';
import { outcome, Scenario } from '../testing/scenario.fixture.js';
import { beginSnapshot, withoutHistory } from '../testing/snapshot-start.fixture.js';

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
  it('no replica takes over, and every replica reports what is lost', () => {
    const c = lastMemberGone();
    c.start('a');
    c.advance(20_000);
    expect(c.primary).toBeUndefined();
    expect(c.state).toMatchObject({ epoch: 1, inSync: ['a~1'] });
    for (const name of ['a', 'b', 'c']) {
      expect(c.status(name).offline).toBe(true);
      expect(c.node(name).notes).toContainEqual({ kind: 'offline', lost: ['a~1'] });
    }
  });

  it('the command resumes with the data of a live replica, and raises the seq floor so that no version is used twice', () => {
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

  it('the command is refused while the disk of the replica lags: a crash would lose more than was accepted', () => {
    const c = Scenario.of('a b', { volatile: false });
    c.node('b').disk.hangs = true;
    c.put('a', 'k', 'v');
    c.until(() => c.inSync.join() === 'a', 'not evicted');
    c.kill('a');
    c.expire('a');
    c.until(() => c.status('b').offline, 'not offline');
    const early = c.force('b');
    c.deliverAll();
    expect(outcome(early)).toBe('notForced');
    c.node('b').disk.hangs = false;
    c.node('b').completeWrites();
    const call = c.force('b');
    c.deliverAll();
    expect(outcome(call)).toBe('forced');
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

  it('the command is refused while a member is registered, even if it is silent', () => {
    const c = Scenario.of('a');
    c.start('b');
    c.partition('a', 'b');
    c.advance(5_000);
    const call = c.force('b');
    c.deliverAll();
    expect(call.answers).toMatchObject([{ kind: 'notForced', reason: expect.stringContaining('registered: a~1') }]);
    expect(c.primary).toBe('a');
  });

  it('the command works where ZooKeeper has lost the state', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.advance(500);
    c.zookeeperLoses();
    c.advance(3000);
    expect(c.primary).toBeUndefined();
    const call = c.force('b');
    c.stabilize();
    expect(outcome(call)).toBe('forced');
    const epoch = 1 + lostStateGapOf('b~1');
    expect(c.state).toMatchObject({ epoch, seqFloor: (epoch + 1) * 2 ** 32 });
    expect(c.get('b', 'k').value).toBe('v');
  });

  it('the command begins empty where only a half-written snapshot is left', () => {
    const c = withoutHistory();
    c.start('b');
    beginSnapshot(c);
    c.kill('a');
    c.expire('a');
    c.advance(1500);
    expect(c.status('b').complete).toBe(false);
    const call = c.force('b');
    c.stabilize();
    expect(outcome(call)).toBe('forced');
    expect(c.get('b', 'k1')).toEqual({ version: 0 });
  });
});
