import { describe, expect, it } from 'vitest';
import type { StateZnode } from '../../../simulation/virtual/ensemble.js';
import { outcome, Scenario } from '../testing/scenario.fixture.js';
import { beginSnapshot } from '../testing/snapshot-start.fixture.js';

/** b is removed from the set, and a acknowledges a write without it. Returns the state from before. */
function removed(c: Scenario): StateZnode {
  c.put('a', 'k', 'held by all');
  c.advance(500);
  const before = c.cluster.ensemble.znode!;
  c.pause('b');
  for (const { name } of c.cluster.nodes) if (name !== 'b') c.partition(name, 'b');
  c.until(() => !c.inSync.includes('b'), 'b is not removed');
  c.put('a', 'k', 'not held by b');
  c.advance(500);
  return before;
}

/** ZooKeeper comes back with the set that contains b. Of the frozen replicas b wakes first, and claims epoch 2 from it. */
function claimed(names: 'a b' | 'a b c'): Scenario {
  const c = Scenario.of(names);
  const before = removed(c);
  for (const name of names.split(' ')) c.pause(name);
  c.zookeeperLoses(before);
  backAgain(c, 'b');
  c.until(() => c.status('b').serving, 'b does not take over');
  c.heal();
  return c;
}

function backAgain(c: Scenario, ...names: string[]): void {
  for (const name of names) {
    c.resume(name);
    c.reconnect(name);
  }
}

describe('ZooKeeper forgets that a replica was removed from the set, and the replica claims (R7)', () => {
  it('the primary that went on without it keeps the acknowledged writes, and is offline with both histories', () => {
    const c = claimed('a b');
    backAgain(c, 'a');
    c.advance(10_000);
    expect(c.status('a')).toMatchObject({ lastSeq: 2, offline: true, serving: false, foundHistory: { epoch: 2 } });
    expect(c.notes('a')).toContain('twoHistories');
    expect(c.notes('b')).toContain('otherHistory');
    expect(c.primary).toBe('b');
    expect(c.inSync).toEqual(['b']);
  });

  it('a backup that knows of the removal keeps them, too', () => {
    const c = claimed('a b c');
    backAgain(c, 'c');
    c.advance(10_000);
    expect(c.status('c')).toMatchObject({ lastSeq: 2, offline: true, serving: false, foundHistory: { epoch: 2 } });
    expect(c.inSync).toEqual(['b']);
  });

  it('they are kept whether the other line is learned from ZooKeeper or from its primary first', () => {
    const c = claimed('a b');
    c.node('a').session.held = true;
    c.resume('a');
    c.advance(3_000);
    expect(c.status('a')).toMatchObject({ epoch: 2, lastSeq: 2, foundHistory: undefined });
    c.node('a').session.held = false;
    c.reconnect('a');
    c.advance(5_000);
    expect(c.status('a')).toMatchObject({ lastSeq: 2, offline: true, foundHistory: { epoch: 2 } });
  });

  it('the command to that primary brings all writes back; the other replica discards its line and joins', () => {
    const c = claimed('a b');
    backAgain(c, 'a');
    c.until(() => c.status('a').offline, 'not offline');
    expect(outcome(c.force('a'))).toBe('notForced');
    c.force('a', [c.state!.lineage.at(-1)!.id]);
    c.stabilize();
    expect(c.inSync).toEqual(['a', 'b']);
    expect(c.get('a', 'k').value).toBe('not held by b');
    expect(c.notes('b')).toContain('historyGivenUp');
  });

  it('the command to the other replica gives up only the line with that epoch and number of removals', () => {
    const c = claimed('a b c');
    backAgain(c, 'a', 'c');
    c.until(() => c.status('a').offline && c.status('c').offline, 'not offline');
    const { id, removals } = c.status('a').line!.lineage.at(-1)!;
    expect(removals).toBe(1);
    c.force('b', [`${id}+1`]);
    c.stabilize();
    expect(c.inSync).toEqual(['a', 'b', 'c']);
    expect(c.get('b', 'k').value).toBe('held by all');
    for (const name of ['a', 'c']) expect(c.notes(name)).toContain('historyGivenUp');
    expect(c.notes('b')).not.toContain('historyGivenUp');
  });

  it('a replica that knows of its removal does not claim, and reports offline', () => {
    const c = Scenario.of('a b');
    const before = removed(c);
    c.resume('b');
    c.reconnect('b');
    c.advance(1_000);
    c.pause('a');
    c.zookeeperLoses(before);
    c.advance(10_000);
    expect(c.state).toEqual(before.state);
    expect(c.status('b')).toMatchObject({ epoch: 1, lastSeq: 1, offline: true });
    backAgain(c, 'a');
    c.heal();
    c.stabilize();
    expect(c.inSync).toEqual(['a', 'b']);
    expect(c.get('a', 'k').value).toBe('not held by b');
    expect(c.notes('a')).not.toContain('twoHistories');
  });
});

describe('a member knows of a removal before a write is acknowledged that relies on it (R7)', () => {
  /** c reads nothing new in ZooKeeper. a acknowledges a write with c alone, and is gone for good. b claims from the older set. */
  function claimedUnread(): Scenario {
    const c = Scenario.of('a b c');
    c.node('c').session.held = true;
    const before = removed(c);
    expect(c.status('c')).toMatchObject({ commitIndex: 2, state: { inSync: ['a~1', 'b~1', 'c~1'] } });
    c.kill('a');
    c.zookeeperLoses(before);
    backAgain(c, 'b');
    c.heal();
    c.until(() => c.state!.epoch === 2, 'b does not claim');
    return c;
  }

  it('a member that has not read of it in ZooKeeper keeps the write, and is offline with both histories', () => {
    const c = claimedUnread();
    c.until(() => c.status('b').serving, 'b does not take over');
    c.advance(3_000);
    expect(c.notes('b')).toContain('otherHistory');
    expect(c.status('c')).toMatchObject({ lastSeq: 2, complete: true });
    c.node('c').session.held = false;
    c.advance(5_000);
    expect(c.status('c')).toMatchObject({ lastSeq: 2, offline: true, foundHistory: { epoch: 2 } });
    expect(c.inSync).toEqual(['b']);
  });

  it('the command to that member brings the write back', () => {
    const c = claimedUnread();
    c.node('c').session.held = false;
    c.until(() => c.status('c').offline, 'not offline');
    c.force('c', [c.state!.lineage.at(-1)!.id]);
    c.stabilize();
    expect(c.inSync).toEqual(['b', 'c']);
    expect(c.get('c', 'k').value).toBe('not held by b');
  });

  it('a write waits until each member has learned of the removal', () => {
    const c = Scenario.of('a b c');
    for (const name of ['a', 'c']) c.partition(name, 'b');
    const call = c.put('a', 'k', 'v');
    c.deliverAll();
    c.drop('sync');
    c.until(() => !c.inSync.includes('b'), 'b is not removed');
    c.deliverAll();
    expect(c.status('c').lastSeq).toBe(1);
    expect(outcome(call)).toBe('none yet');
    c.heal();
    c.until(() => outcome(call) === 'written 1', 'the write is not committed', 1_000);
    expect(c.inSync).toEqual(['a', 'c']);
  });

  it('a joiner that takes a snapshot meanwhile learns of it before it enters the set', () => {
    const c = Scenario.of('a c');
    for (const key of ['k1', 'k2', 'k3']) c.put('a', key, 'v');
    c.deliverAll();
    c.start('b');
    beginSnapshot(c);
    c.node('b').session.held = true;
    c.partition('a', 'c');
    c.until(() => c.inSync.join() === 'a', 'c is not removed');
    c.put('a', 'k', 'not held by c');
    c.cluster.snapshotsHeld = false;
    c.forgetSent();
    const removals = (): number | undefined => c.status('b').line?.lineage.at(-1)?.removals;
    const isProposed = (): boolean =>
      c.node('a').notes.some((note) => note.kind === 'membersProposed' && note.added.includes('b~1'));
    c.until(() => c.sent('beaconAnswer', 'b').at(-1)?.body.complete === true, 'b takes no snapshot');
    // The command makes the primary propose at once, before the next tick.
    c.force('a', ['another history']);
    expect(removals()).toBeUndefined();
    expect(isProposed()).toBe(false);
    c.until(isProposed, 'b is not taken in');
    expect(removals()).toBe(1);
    expect(c.notes('b').filter((note) => note === 'snapshotTaken')).toHaveLength(1);
  });
});

describe('the primary corrects an older set that ZooKeeper came back with (R7)', () => {
  it('first it evicts the member that lacks entries, and counts the removal', () => {
    const c = Scenario.of('a b c');
    const before = removed(c);
    c.heal();
    // b answers beacons, and receives no entry.
    c.drop('sync');
    backAgain(c, 'b');
    c.advance(500);
    c.zookeeperLoses(before);
    c.deliverAll();
    expect(c.status('b').lastSeq).toBe(1);
    expect(c.inSync).toEqual(['a', 'c']);
    expect(c.state!.lineage).toMatchObject([{ epoch: 1, removals: 2 }]);
    c.heal();
    c.stabilize();
    expect(c.inSync).toEqual(['a', 'b', 'c']);
    expect(c.state).toMatchObject({ epoch: 1, lineage: [{ removals: 2 }] });
  });

  it('members that hold everything stay, and may claim from then on', () => {
    const c = Scenario.of('a b c');
    const before = removed(c);
    c.heal();
    backAgain(c, 'b');
    c.until(() => c.inSync.length === 3, 'b does not join');
    c.advance(500);
    c.zookeeperLoses(before);
    c.deliverAll();
    expect(c.state).toMatchObject({ inSync: ['a~1', 'b~1', 'c~1'], lineage: [{ removals: 2 }] });
    c.kill('a');
    c.until(() => c.primary === 'b' && c.inSync.join() === 'b,c', 'no failover');
    expect(c.state!.lineage).toMatchObject([{ epoch: 1, removals: 2 }, { epoch: 2 }]);
    expect(c.get('b', 'k').value).toBe('not held by b');
    expect(c.notes('c')).not.toContain('twoHistories');
  });

  it('a member does not take it for the state that stood under the same version before', () => {
    const c = Scenario.of('a b c');
    removed(c);
    const after = c.cluster.ensemble.znode!;
    c.zookeeperLoses(c.stateBefore(1));
    // c reads again only after the correction.
    c.node('c').session.held = true;
    c.deliverAll();
    c.node('c').session.held = false;
    c.deliverAll();
    expect(c.cluster.ensemble.znode).toMatchObject({ version: after.version, state: { inSync: after.state.inSync } });
    c.kill('a');
    c.until(() => c.primary === 'c', 'no failover');
    expect(c.state!.lineage).toMatchObject([{ epoch: 1, removals: 2 }, { epoch: 2 }]);
    expect(c.get('c', 'k').value).toBe('not held by b');
  });

  it('a handover waits for the correction', () => {
    const c = Scenario.of('a b c');
    const before = removed(c);
    c.put('a', 'k', 'the last');
    c.deliverAll();
    c.stop('a');
    c.zookeeperLoses(before);
    c.until(() => c.primary === 'c', 'no handover');
    expect(c.get('c', 'k').value).toBe('the last');
    expect(c.notes('c')).not.toContain('twoHistories');
  });

  it('a removal that may have succeeded before the loss is counted, even if its answer was lost', () => {
    const c = Scenario.of('a b');
    const before = c.cluster.ensemble.znode!;
    c.start('c');
    c.stabilize();
    c.pause('b');
    c.node('a').session.loseNextAnswer = 'applied';
    c.node('a').session.lag = 1;
    c.until(() => c.status('c').line?.lineage.at(-1)?.removals === 1, 'c does not see the removal');
    expect(c.status('a').line?.lineage.at(-1)?.removals).toBeUndefined();
    backAgain(c, 'b');
    c.zookeeperLoses(before);
    c.stabilize();
    c.stop('a');
    c.until(() => c.inSync.join() === 'b,c', 'no handover');
    c.advance(5_000);
    for (const name of ['b', 'c']) expect(c.notes(name)).not.toContain('twoHistories');
  });
});

describe('a removal raises no doubt about a line where nothing was lost (R7)', () => {
  it.each(['a failover', 'a handover'])('%s after removals and joins', (what) => {
    const c = Scenario.of('a b c');
    for (let round = 0; round < 3; round++) {
      c.pause('c');
      c.until(() => c.inSync.join() === 'a,b', 'c is not removed');
      c.put('a', 'k', `without c, ${round}`);
      backAgain(c, 'c');
      c.stabilize();
    }
    expect(c.state!.lineage).toMatchObject([{ epoch: 1, removals: 3 }]);
    if (what === 'a failover') c.kill('a');
    else c.stop('a');
    c.until(() => c.primary === 'b' && c.inSync.join() === 'b,c', 'b does not take over');
    expect(c.get('b', 'k').value).toBe('without c, 2');
    for (const name of ['b', 'c']) expect(c.notes(name)).not.toContain('twoHistories');
  });

  it('a replica that knows of its removal only from `state`, with data of the epoch before, claims nothing', () => {
    const c = Scenario.of('a b c');
    c.put('a', 'k', 'held by all');
    c.advance(500);
    c.partition('b', 'c');
    c.kill('a');
    c.until(() => c.state?.epoch === 2, 'b does not claim');
    const before = c.cluster.ensemble.znode!;
    expect(before.state.inSync).toEqual(['b~1', 'c~1']);
    c.until(() => c.inSync.join() === 'b' && c.status('b').serving, 'c is not removed');
    c.put('b', 'k', 'not held by c');
    c.advance(500);
    c.pause('b');
    c.zookeeperLoses(before);
    c.advance(10_000);
    expect(c.status('c')).toMatchObject({ epoch: 2, offline: true });
    expect(c.state).toMatchObject({ epoch: 2, primary: 'b~1' });
    c.heal();
    backAgain(c, 'b');
    c.stabilize();
    expect(c.inSync).toEqual(['b', 'c']);
    expect(c.get('b', 'k').value).toBe('not held by c');
  });
});
