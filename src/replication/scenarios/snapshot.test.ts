import { describe, expect, it } from 'vitest';
import type { VirtualSnapshotCall } from '../../../simulation/virtual/snapshot-call.js';
import { epochIdOf } from '../protocol/shard-state.js';
import { outcome, Scenario } from '../testing/scenario.fixture.js';
import { beginSnapshot, withoutHistory } from '../testing/snapshot-start.fixture.js';

/** What the events of a snapshot carry. */
function idOf({ request: { epochId, number } }: VirtualSnapshotCall) {
  return { epochId, number };
}

describe('snapshot (R10)', () => {
  it('a copy counts as complete only once its completeness is durable', () => {
    const c = withoutHistory();
    c.start('b');
    beginSnapshot(c);
    c.node('b').disk.hangs = true;
    c.cluster.snapshotsHeld = false;
    c.advance(700);
    expect(c.notes('b')).toContain('snapshotTaken');
    expect(c.inSync).toEqual(['a']);
    c.node('b').disk.hangs = false;
    c.node('b').completeWrites();
    c.stabilize();
  });

  it('a joiner whose report of a begun snapshot is lost is invited again', () => {
    const c = withoutHistory();
    c.start('b');
    c.drop('syncAnswer', ({ body }) => body.type === 'syncAnswer' && body.matchedSeq > 0);
    c.until(() => c.notes('b').includes('snapshotTaken'), 'no snapshot');
    c.heal();
    c.stabilize();
  });

  it('a joiner whose report of a failed snapshot is lost is invited again, without any write', () => {
    const c = withoutHistory();
    c.start('b');
    beginSnapshot(c);
    c.drop('syncAnswer');
    const [snapshot] = c.cluster.snapshots;
    snapshot!.vanish();
    c.cluster.snapshotsHeld = false;
    c.node('b').handle({ type: 'snapshotFailed', ...idOf(snapshot!) });
    c.heal();
    c.stabilize();
  });

  it('a member evicted for a snapshot discards its copy even if it has not read of its eviction yet', () => {
    const c = withoutHistory();
    c.start('b');
    c.stabilize();
    c.node('b').session.watchesMuted = true;
    c.pause('b');
    c.breakLink('a', 'b');
    c.until(() => c.inSync.join() === 'a', 'not evicted');
    for (let count = 0; count < 10; count++) c.put('a', 'k1', `v${count}`);
    c.deliverAll();
    c.resume('b');
    c.stabilize();
    expect(c.status('b').lastSeq).toBe(16);
  });

  it('a snapshot is taken while writes and deletes go on, and the copy is the same in the end', () => {
    const c = withoutHistory({ maxBatchEntries: 1 });
    c.start('b');
    beginSnapshot(c);
    c.cluster.snapshotsHeld = false;
    let turn = 0;
    c.stepUntil(() => {
      turn++;
      if (turn % 3 === 0) c.put('a', `k${(turn % 7) + 1}`, `v${turn}`);
      if (turn % 5 === 0) c.delete('a', `k${(turn % 6) + 1}`);
      return c.notes('b').includes('snapshotTaken') || turn > 500;
    });
    c.stabilize();
    c.advance(300);
    expect([...c.node('b').store.items].sort()).toEqual([...c.node('a').store.items].sort());
    expect(c.status('b').appliedSeq).toBe(c.status('a').appliedSeq);
  });

  it('a joiner applies the log of that time a batch at a time, and does other work in between', () => {
    const c = withoutHistory({ maxBatchEntries: 3 });
    c.start('b');
    beginSnapshot(c);
    for (let count = 0; count < 30; count++) c.put('a', 'k1', `v${count}`);
    c.deliverAll();
    c.cluster.snapshotsHeld = false;
    const steps: number[] = [c.status('b').appliedSeq];
    c.stepUntil(() => {
      const { appliedSeq, complete } = c.status('b');
      if (appliedSeq !== steps.at(-1)) steps.push(appliedSeq);
      return complete;
    });
    expect(steps.length).toBeGreaterThan(9);
    for (const [index, seq] of steps.slice(1).entries()) expect(seq - steps[index]!).toBeLessThanOrEqual(3);
    c.stabilize();
    expect([...c.node('b').store.items].sort()).toEqual([...c.node('a').store.items].sort());
  });

  it('a member whose link breaks under load follows the log again, however much is written before it answers Sync', () => {
    const c = Scenario.of('a b', { retainEntries: 4 });
    c.put('a', 'k', 'v0');
    c.deliverAll();
    c.drop('syncAnswer');
    c.breakLink('a', 'b');
    c.until(() => c.sent('sync', 'a').length > 2, 'no Sync');
    c.until(() => c.inSync.join() === 'a', 'not evicted');
    for (let count = 1; count < 20; count++) c.put('a', 'k', `v${count}`);
    c.deliverAll();
    c.heal();
    c.stabilize();
    expect(c.cluster.snapshots).toHaveLength(0);
    expect(c.status('b').appliedSeq).toBe(c.status('a').appliedSeq);
  });

  it('while a joiner takes a snapshot, what is written in a part of a beacon interval reaches it in one message', () => {
    const c = withoutHistory();
    c.start('b');
    beginSnapshot(c);
    c.forgetSent();
    for (let count = 0; count < 20; count++) {
      c.put('a', 'k1', `v${count}`);
      c.deliverAll();
    }
    expect(c.sent('append', 'a')).toHaveLength(0);
    c.advance(300);
    expect(c.sent('append', 'a').map(({ body }) => body.entries.length)).toEqual([20]);
    c.cluster.snapshotsHeld = false;
    c.until(() => c.status('b').complete, 'no copy');
    c.stabilize();
    c.forgetSent();
    c.put('a', 'k1', 'as for every backup');
    expect(c.sent('append', 'a')).toHaveLength(1);
  });

  it('the log that follows a snapshot starts where the commit index stood before the first chunk', () => {
    const c = withoutHistory();
    c.start('b');
    c.cluster.snapshotsHeld = true;
    c.until(() => c.cluster.snapshots.length === 1, 'no snapshot', 5000);
    const call = c.put('a', 'k1', 'between call and chunk');
    c.deliverAll();
    expect(outcome(call)).toBe('written 7');
    c.cluster.snapshotsHeld = false;
    c.stepUntil(() => c.cluster.snapshots[0]!.stage === 'streaming');
    expect(c.cluster.snapshots[0]!.onItsWay[0]).toMatchObject({ type: 'snapshotBegun', baseSeq: 7, baseEpoch: 1 });
    for (let count = 0; count < 30; count++) c.put('a', 'k2', `meanwhile ${count}`);
    c.stabilize();
    expect(c.sent('syncAnswer', 'b').filter(({ body }) => body.dumpNeeded)).toHaveLength(1);
  });

  it('a joiner without room for the data is not invited until it has room', () => {
    const c = withoutHistory();
    c.start('b');
    const mark = (full: boolean) => {
      c.cluster.ensemble.markFull(c.node('b').replicaId, full);
    };
    mark(true);
    c.advance(2_000);
    expect(c.cluster.snapshots).toHaveLength(0);
    expect(outcome(c.put('a', 'k1', 'written meanwhile'))).toBe('written 7');
    mark(false);
    c.stabilize();
    expect(c.inSync).toEqual(['a', 'b']);
  });

  it('a joiner whose log outgrows its bound before the snapshot has ended begins again', () => {
    const c = withoutHistory({ retainBytes: 1_000, maxBatchEntries: 10 });
    c.start('b');
    beginSnapshot(c);
    c.forgetSent();
    // The primary could keep far more.
    for (let count = 0; count < 100; count++) {
      c.put('a', 'k1', `v${count}`);
      c.deliverAll();
    }
    expect(c.sent('syncAnswer', 'b').some(({ body }) => body.dumpNeeded)).toBe(true);
    expect(c.status('b').logBytes).toBeLessThan(10 * 1_000);
    c.cluster.snapshotsHeld = false;
    c.stabilize();
    expect(c.status('b').complete).toBe(true);
  });

  it('a member that lacks more than is retained is evicted before it discards anything', () => {
    const c = withoutHistory({ minInSync: 1, retainBytes: 100 });
    c.start('b', 'c');
    c.stabilize();
    c.pause('b');
    c.breakLink('a', 'b');
    c.until(() => !c.inSync.includes('b'), 'not evicted');
    for (let count = 0; count < 20; count++) c.put('a', 'k1', `v${count}`);
    c.advance(300);
    c.resume('b');
    c.stepUntil(() => c.cluster.snapshots.length > 0 && !c.node('b').disk.complete);
    expect(c.inSync).toEqual(['a', 'c']);
    c.stabilize();
    expect(c.status('b')).toMatchObject({ complete: true, lastSeq: 26 });
  });

  it('a replica that lacks only retained entries receives only those', () => {
    const c = Scenario.of('a b', { retainEntries: 100 });
    c.put('a', 'k', 'v1');
    c.advance(200);
    c.pause('b');
    c.breakLink('a', 'b');
    c.until(() => c.inSync.join() === 'a', 'not evicted');
    c.put('a', 'k', 'v2');
    c.forgetSent();
    const before = c.cluster.snapshots.length;
    c.resume('b');
    c.stabilize();
    expect(c.cluster.snapshots).toHaveLength(before);
    expect(c.sent('append', 'a').flatMap(({ body }) => body.entries.map((entry) => entry.seq))).toEqual([2]);
  });

  it('a chunk of an earlier snapshot is ignored', () => {
    const c = withoutHistory();
    c.start('b');
    beginSnapshot(c);
    const [old] = c.cluster.snapshots;
    c.breakLink('a', 'b');
    c.deliverAll();
    c.until(() => c.cluster.snapshots.length === 2, 'no second snapshot', 3000);
    const stale = { key: 'deleted since', value: new TextEncoder().encode('stale'), version: 1 };
    const late = () => c.node('b').handle({ type: 'snapshotChunk', ...idOf(old!), items: [stale] });
    late();
    c.node('b').handle({ type: 'snapshotEnded', ...idOf(old!), commitIndex: 6 });
    expect(c.status('b').complete).toBe(false);
    old!.vanish();
    c.cluster.snapshotsHeld = false;
    c.stepUntil(() => c.node('b').store.items.size > 0);
    late();
    c.stabilize();
    expect(c.node('b').store.versionOf(stale.key)).toBe(0);
  });

  it('a change of epoch restarts a snapshot', () => {
    const c = withoutHistory();
    c.start('c');
    c.stabilize();
    c.start('b');
    beginSnapshot(c);
    c.kill('a');
    c.until(() => c.primary === 'c', 'no failover');
    c.cluster.snapshotsHeld = false;
    c.advance(300);
    c.stabilize();
    expect(c.cluster.snapshots.at(-1)!.request.from).toBe('c~1');
    expect(c.node('b').store.items.size).toBe(6);
  });

  it('a half-written copy is neither a successor nor in the set', () => {
    const c = withoutHistory();
    c.start('b');
    beginSnapshot(c);
    c.advance(2000);
    expect(c.inSync).toEqual(['a']);
    c.kill('a');
    c.advance(10_000);
    expect(c.primary).toBeUndefined();
    expect(c.role('b')).toBe('joiner');
  });

  it('the log that a snapshot needs is retained, even beyond the bound in bytes', () => {
    const c = withoutHistory({ retainBytes: 1000 });
    c.start('b');
    beginSnapshot(c);
    for (let count = 0; count < 20; count++) c.put('a', 'k1', 'x'.repeat(200));
    c.deliverAll();
    c.cluster.snapshotsHeld = false;
    c.stabilize();
    expect(c.cluster.snapshots).toHaveLength(1);
  });

  it('a durable chunk does not make later entries durable', () => {
    const c = withoutHistory({ maxBatchEntries: 1 });
    c.start('b');
    beginSnapshot(c);
    c.node('b').disk.hangs = true;
    c.cluster.snapshotsHeld = false;
    c.stepUntil(() => c.node('b').store.items.size > 0);
    c.cluster.snapshotsHeld = true;
    c.put('a', 'k1', 'new');
    c.deliverAll();
    expect(c.status('b').lastSeq).toBe(7);
    c.node('b').completeOneWrite();
    expect(c.sent('appendAnswer', 'b').some(({ body }) => body.ackedSeq === 7)).toBe(false);
    c.node('b').disk.hangs = false;
    c.node('b').completeWrites();
    expect(c.sent('appendAnswer', 'b').at(-1)?.body.ackedSeq).toBe(7);
  });

  it('the log is applied over the chunks: a chunk that was read before a write does not undo it', () => {
    const c = withoutHistory();
    c.start('b');
    beginSnapshot(c);
    const snapshot = c.cluster.snapshots.at(-1)!;
    c.cluster.snapshotsHeld = false;
    c.stepUntil(() => snapshot.onItsWay[0]?.type === 'snapshotChunk');
    c.cluster.snapshotsHeld = true;
    c.put('a', 'k1', 'new');
    c.delete('a', 'k2');
    // The log and its commit index overtake the chunk.
    c.advance(400);
    expect(c.status('b').lastSeq).toBe(8);
    c.cluster.snapshotsHeld = false;
    c.stabilize();
    expect(c.node('b').store.versionOf('k1')).toBe(7);
    expect(c.node('b').store.versionOf('k2')).toBe(0);
  });

  it('a chunk of a snapshot of an older epoch is ignored, even if its number is the same', () => {
    const c = withoutHistory();
    c.start('c');
    c.stabilize();
    c.start('b');
    beginSnapshot(c);
    const { epochId } = idOf(c.cluster.snapshots.at(-1)!);
    c.kill('a');
    c.until(() => c.primary === 'c', 'no failover');
    c.cluster.snapshotsHeld = false;
    c.stepUntil(() => c.node('b').store.items.size > 0 && c.cluster.snapshots.at(-1)!.request.from === 'c~1');
    const { number, epochId: newer } = idOf(c.cluster.snapshots.at(-1)!);
    expect(newer).not.toBe(epochId);
    const stale = { key: 'deleted since', value: new TextEncoder().encode('stale'), version: 1 };
    c.node('b').handle({ type: 'snapshotChunk', epochId, number, items: [stale] });
    c.stabilize();
    expect(c.node('b').store.versionOf(stale.key)).toBe(0);
  });

  it('a copy is complete only with the log up to the commit index of its last chunk', () => {
    const c = withoutHistory();
    c.start('b');
    beginSnapshot(c);
    c.drop('append', ({ to }) => to === 'b~1');
    c.put('a', 'k1', 'new');
    c.deliverAll();
    c.cluster.snapshotsHeld = false;
    c.advance(100);
    // The chunks were read after an entry had committed that has not arrived yet.
    expect(c.status('b').complete).toBe(false);
    c.heal();
    c.stabilize();
  });

  it('a peer that followed, and then needs a snapshot, counts as incomplete until it has all of it', () => {
    const c = Scenario.of('a b', { retainBytes: 1000 });
    c.advance(500);
    c.cluster.snapshotsHeld = true;
    c.drop('append');
    c.put('a', 'k', 'never arrives');
    c.until(() => c.inSync.join() === 'a', 'b is not evicted');
    // b lacks the first of these, and the log is too long to keep it.
    for (let count = 0; count < 10; count++) c.put('a', 'k', `${count}`.repeat(500));
    c.until(() => c.cluster.snapshots.length === 1, 'b takes no snapshot');
    c.cluster.snapshotsHeld = false;
    c.stepUntil(() => !c.status('b').complete);
    c.cluster.snapshotsHeld = true;
    c.heal();
    c.deliverAll();
    c.tick('a');
    c.deliverAll();
    expect(c.inSync).toEqual(['a']);
    c.cluster.snapshotsHeld = false;
    c.stabilize();
  });

  it('an answer to a beacon from before the snapshot shows nothing of the new copy', () => {
    const c = withoutHistory();
    c.start('b');
    beginSnapshot(c);
    const { sentAtMs } = c.sent('beaconAnswer', 'b').at(-1)!.body;
    const late = { type: 'beaconAnswer', probe: false, claiming: false, stopping: false, leaving: false } as const;
    const { history, epoch } = c.state!;
    const body = { ...late, sentAtMs: sentAtMs - 1, number: 0, complete: true };
    c.receive({ history, epoch, epochId: epochIdOf(c.state!), from: 'b~1', to: 'a~1', body });
    c.tick('a');
    c.deliverAll();
    expect(c.inSync).toEqual(['a']);
    c.cluster.snapshotsHeld = false;
    c.stabilize();
  });

  it('an invitation does not count if a claim has failed since the Sync that it belongs to', () => {
    const c = withoutHistory({ retainBytes: 100 });
    c.start('b');
    c.stabilize();
    c.advance(300);
    c.node('b').session.held = true;
    c.partition('a', 'b');
    c.until(() => c.inSync.join() === 'a', 'b is not evicted');
    for (let count = 0; count < 10; count++) c.put('a', 'k1', `v${count}`);
    c.deliverAll();
    c.breakLink('a', 'b');
    c.heal();
    // b answers Sync, and claims before the primary receives the answer.
    c.drop('beacon');
    c.stepUntil(() => c.sent('syncAnswer', 'b').at(-1)!.body.dumpNeeded);
    c.hold('b', 'a');
    c.until(() => c.role('b') === 'claimant', 'b does not claim', 400);
    c.node('b').session.held = false;
    c.deliverAll();
    expect(c.role('b')).toBe('joiner');
    c.heal();
    c.stabilize();
    expect(c.status('b')).toMatchObject({ complete: true, lastSeq: 16, line: c.status('a').line });
  });
});
