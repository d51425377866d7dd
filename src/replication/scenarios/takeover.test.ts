import { describe, expect, it } from 'vitest';
import { epochIdOf } from '../protocol/shard-state.js';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

/** a has appended entries that neither b nor c has received, and falls silent; b takes over. */
function divergent(): Scenario {
  const c = Scenario.of('a b c');
  c.put('a', 'k', 'common');
  c.advance(500);
  c.hold('a', 'b');
  c.hold('a', 'c');
  c.put('a', 'k', 'lost 1');
  c.put('a', 'k', 'lost 2');
  c.pause('a');
  c.until(() => c.primary === 'b', 'no failover');
  return c;
}

describe('takeover (R5)', () => {
  it('entries that diverge are cut by their epochs, even if the other log is longer', () => {
    const c = divergent();
    const call = c.put('b', 'k', 'kept');
    c.advance(200);
    expect(outcome(call)).toBe('written 2');
    c.resume('a');
    c.heal();
    c.stabilize();
    expect(c.node('a').disk.entries.map((entry) => [entry.seq, entry.epoch])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(c.node('a').store.items.get('k')?.version).toBe(2);
  });

  it('entries that diverge are cut even if the new primary has written nothing', () => {
    const c = divergent();
    c.resume('a');
    c.heal();
    c.stabilize();
    expect(c.status('a')).toMatchObject({ lastSeq: 1, role: 'backup' });
  });

  it('a member receives the entries it lacks, and an entry that only one member had is committed', () => {
    const c = Scenario.of('a b c');
    c.hold('a', 'c');
    const call = c.put('a', 'k', 'v');
    c.deliverAll();
    c.pause('a');
    c.until(() => c.primary === 'b', 'no failover');
    expect(c.get('b', 'k')).toEqual({ value: 'v', version: 1 });
    expect(c.status('c').lastSeq).toBe(1);
    expect(outcome(call)).toBe('none yet');
  });

  it('nothing is served before the inherited entries are committed and every member has adopted the epoch', () => {
    const c = Scenario.of('a b c');
    c.hold('a', 'c');
    c.put('a', 'k', 'v');
    c.deliverAll();
    c.pause('a');
    c.node('c').disk.hangs = true;
    c.until(() => c.role('b') === 'primary', 'no claim');
    c.advance(300);
    expect(c.get('b', 'k')).toEqual({ refusal: 'TAKEOVER_IN_PROGRESS' });
    expect(outcome(c.put('b', 'k', 'w'))).toBe('TAKEOVER_IN_PROGRESS');
    expect(c.status('b').lastSeq).toBe(1);
    c.node('c').disk.hangs = false;
    c.node('c').completeWrites();
    c.advance(200);
    expect(c.get('b', 'k')).toEqual({ value: 'v', version: 1 });
  });

  it('a member that has adopted the epoch but lacks an inherited entry delays service, too', () => {
    const c = Scenario.of('a b c');
    c.put('a', 'k', 'old');
    c.advance(500);
    c.hold('a', 'c');
    c.put('a', 'k', 'new');
    c.deliverAll();
    c.pause('a');
    c.drop('append', ({ to }) => to === 'c~1');
    c.until(() => c.status('b').peers.some((peer) => peer.replicaId === 'c~1' && peer.phase === 'replicating'), 'c not synced');
    // It is unknown here whether a acknowledged the new value, so the old one must not be read any more.
    expect(c.get('b', 'k')).toEqual({ refusal: 'TAKEOVER_IN_PROGRESS' });
    c.advance(200);
    expect(c.get('b', 'k')).toEqual({ refusal: 'TAKEOVER_IN_PROGRESS' });
    c.heal();
    c.advance(600);
    expect(c.get('b', 'k')).toEqual({ value: 'new', version: 2 });
  });

  it('no claim interrupts a long takeover: the primary sends beacons from the moment it knows its claim succeeded', () => {
    const c = Scenario.of('a b c');
    c.pause('a');
    // No member can be evicted, so the takeover waits for c.
    c.drop('syncAnswer');
    c.until(() => c.role('b') === 'primary', 'no claim');
    c.node('b').session.held = true;
    c.advance(4000);
    expect(c.primary).toBeUndefined();
    expect(c.state).toMatchObject({ epoch: 2, primary: 'b~1' });
    expect(c.role('c')).toBe('backup');
    c.heal();
    c.node('b').session.held = false;
    c.until(() => c.primary === 'b', 'takeover not finished', 3000);
  });

  it('a member that does not adopt the epoch is evicted, and the takeover goes on', () => {
    const c = Scenario.of('a b c');
    c.pause('a');
    c.drop('syncAnswer', ({ from }) => from === 'c~1');
    c.until(() => c.primary === 'b', 'no failover', 4000);
    expect(c.inSync).toEqual(['b']);
  });

  it('the epoch is durable before the replica acts on it', () => {
    const c = Scenario.of('a b c');
    c.node('c').disk.hangs = true;
    c.pause('a');
    c.until(() => c.role('b') === 'primary', 'no claim');
    c.forgetSent();
    c.advance(400);
    expect(c.status('c').epoch).toBe(2);
    expect(c.sent('beaconAnswer', 'c')).toEqual([]);
    expect(c.sent('syncAnswer', 'c')).toEqual([]);
    c.node('c').disk.hangs = false;
    c.node('c').completeWrites();
    c.until(() => c.primary === 'b', 'takeover not finished', 1000);
  });

  it('inherited entries need the whole required set, but not minInSync', () => {
    const c = Scenario.of('a b', { minInSync: 2 });
    c.cut('b', 'a');
    c.put('a', 'k', 'v');
    c.deliverAll();
    c.kill('a');
    c.heal();
    c.until(() => c.primary === 'b', 'no failover');
    expect(c.inSync).toEqual(['b']);
    expect(c.get('b', 'k')).toEqual({ value: 'v', version: 1 });
    expect(outcome(c.put('b', 'k', 'w'))).toBe('TOO_FEW_IN_SYNC');
  });

  it('an Append that does not follow the log is refused, and Sync begins again', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v1');
    c.advance(200);
    const [append] = c.sent('append', 'a');
    const entry = { ...append!.body.entries[0]!, seq: 3 };
    for (const [prevSeq, prevEpoch] of [
      [2, 1],
      [1, 7],
    ] as const) {
      c.forgetSent();
      c.receive({ ...append!, body: { ...append!.body, prevSeq, prevEpoch, entries: [{ ...entry, seq: prevSeq + 1 }] } });
      expect(c.sent('appendAnswer', 'b').map(({ body }) => body.mismatch)).toEqual([true]);
      expect(c.status('b').lastSeq).toBe(1);
    }
    c.stabilize();
    c.put('a', 'k', 'v2');
    c.advance(200);
    expect(c.status('b').lastSeq).toBe(2);
  });

  it('a commit index counts only up to the position verified with this primary in this epoch', () => {
    const c = divergent();
    c.put('b', 'k', 'kept');
    c.put('b', 'k', 'kept too');
    c.advance(200);
    c.resume('a');
    c.drop('sync', ({ to }) => to === 'a~1');
    c.heal();
    c.drop('sync', ({ to }) => to === 'a~1');
    c.advance(500);
    // a receives beacons with commit index 3, and holds entries 2 and 3 of its own.
    expect(c.sent('beaconAnswer', 'a').length).toBeGreaterThan(0);
    expect(c.status('a')).toMatchObject({ lastSeq: 3, commitIndex: 1, appliedSeq: 1 });
    c.heal();
    c.stabilize();
    expect(c.status('a')).toMatchObject({ lastSeq: 3, lastEpoch: 2, appliedSeq: 3 });
  });

  it('a new primary sends no Sync and serves nothing in an epoch that its own disk does not hold', () => {
    for (const names of ['a b', 'a b c']) {
      const c = Scenario.of(names);
      c.kill('a');
      c.until(() => c.role('b') === 'backup', 'never');
      c.node('b').session.held = true;
      c.until(() => c.role('b') === 'claimant', 'no claim');
      c.node('b').disk.hangs = true;
      c.node('b').session.held = false;
      c.forgetSent();
      c.advance(300);
      expect(c.role('b')).toBe('primary');
      expect(c.sent('sync', 'b')).toEqual([]);
      expect(c.get('b', 'k')).toEqual({ refusal: 'TAKEOVER_IN_PROGRESS' });
      c.node('b').disk.hangs = false;
      c.node('b').completeWrites();
      c.stabilize();
    }
  });

  it('an acknowledgement from an earlier stream does not count', () => {
    const c = Scenario.of('a b');
    c.hold('a', 'b');
    const call = c.put('a', 'k', 'v');
    const { history, epoch } = c.state!;
    const body = { type: 'appendAnswer', number: 0, mismatch: false, ackedSeq: 1, unflushed: 0 } as const;
    c.receive({ history, epoch, epochId: epochIdOf(c.state!), from: 'b~1', to: 'a~1', body });
    expect(outcome(call)).toBe('none yet');
  });

  it('a position verified with the old primary does not count for the new one: the commit index waits for Sync', () => {
    const c = Scenario.of('a b c');
    c.put('a', 'k', 'common');
    c.advance(500);
    c.hold('a', 'b');
    c.put('a', 'k', 'only at c');
    c.deliverAll();
    c.pause('a');
    c.drop('sync', ({ to }) => to === 'c~1');
    c.until(() => c.primary === 'b', 'no failover', 5000);
    expect(c.inSync).toEqual(['b']);
    expect(outcome(c.put('b', 'k', 'kept'))).toBe('written 2');
    c.forgetSent();
    c.advance(300);
    // c receives beacons with commit index 2, and its own entry 2 is about to be cut.
    expect(c.sent('beaconAnswer', 'c').length).toBeGreaterThan(0);
    expect(c.status('c')).toMatchObject({ lastSeq: 2, lastEpoch: 1, appliedSeq: 1 });
    c.heal();
    c.stabilize();
    expect(c.status('c')).toMatchObject({ lastSeq: 2, lastEpoch: 2 });
  });
});
