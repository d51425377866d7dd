import { describe, expect, it } from 'vitest';
import { Random } from '../../../simulation/plan/random.js';
import { epochIdOf } from '../protocol/shard-state.js';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

describe('joining (R10)', () => {
  it('a joiner is admitted while writes arrive without pause', () => {
    const c = new Scenario();
    c.start('a');
    c.stabilize();
    c.start('b');
    c.deliverAll();
    let count = 0;
    const random = new Random(1);
    // There is always another write on its way to b.
    for (let turn = 0; turn < 4000 && c.inSync.length < 2; turn++) {
      c.put('a', 'k', `v${count++}`);
      const next = random.pick(c.cluster.actions());
      if (next !== undefined) c.cluster.run(next);
      if (turn % 4 === 0) c.cluster.elapse(5);
      if (turn % 40 === 0) for (const node of c.cluster.nodes) c.cluster.tick(node);
    }
    expect(c.inSync).toEqual(['a', 'b']);
  });

  it('a joiner whose znode was gone for a moment continues at once', () => {
    const c = new Scenario();
    c.start('a');
    c.stabilize();
    c.drop('beaconAnswer');
    c.start('b');
    c.deliverAll();
    for (let count = 0; count < 4; count++) {
      c.breakLink('a', 'b');
      c.advance(50);
    }
    c.expire('b');
    c.advance(50);
    c.heal();
    c.reconnect('b');
    c.advance(450);
    expect(c.inSync).toEqual(['a', 'b']);
  });

  it('commits wait for a joiner from before its addition is written', () => {
    const c = Scenario.of('a');
    c.start('b');
    c.node('a').session.loseNextAnswer = 'applied';
    c.node('a').session.watchesMuted = true;
    c.until(() => c.inSync.length === 2, 'never added');
    c.hold('a', 'b');
    const call = c.put('a', 'k', 'v');
    c.deliverAll();
    // Only ZooKeeper knows that b is a member. If a dies now, b may take over.
    expect(c.status('a').state?.inSync).toEqual(['a~1']);
    expect(outcome(call)).toBe('none yet');
    c.heal();
    c.deliverAll();
    expect(outcome(call)).toBe('written 1');
  });

  it('a joiner that has answered no beacon is not added', () => {
    const c = Scenario.of('a');
    c.drop('beaconAnswer');
    c.start('b');
    c.advance(3000);
    expect(c.inSync).toEqual(['a']);
    c.heal();
    c.stabilize();
  });

  it('a joiner that stops acknowledging just before it is proposed delays no write', () => {
    const c = Scenario.of('a');
    c.start('b');
    c.disconnect('a');
    c.advance(1000);
    c.pause('b');
    c.reconnect('a');
    const call = c.put('a', 'k', 'v');
    c.advance(2500);
    expect(outcome(call)).toBe('written 1');
  });

  it('a member that needs a snapshot is not invited before it is out of the set', () => {
    const c = new Scenario();
    c.start('a');
    c.stabilize();
    c.start('b');
    c.stepUntil(() => c.status('b').epoch === 1);
    c.node('b').session.held = true;
    c.stabilize();
    // The empty b does not know that it is a member, and an entry sent to it is lost.
    c.drop('append');
    const call = c.put('a', 'k', 'v');
    c.node('a').session.held = true;
    c.breakLink('a', 'b');
    c.advance(400);
    expect(c.sent('syncAnswer', 'b').at(-1)?.body.dumpNeeded).toBe(true);
    expect(c.inSync).toEqual(['a', 'b']);
    expect(c.sent('dumpInvite')).toEqual([]);
    c.node('a').session.held = false;
    c.heal();
    c.stabilize();
    expect(outcome(call)).toBe('written 1');
  });

  it('applied entries are never cut: a replica that would have to cut one needs a snapshot', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.advance(300);
    expect(c.status('b').appliedSeq).toBe(1);
    const { history, epoch, lineage } = c.state!;
    const empty = { baseSeq: 0, baseEpoch: 0, baseEpochId: '', lastSeq: 0, history: [] };
    const body = { type: 'sync', number: 99, log: empty, lineage, commitIndex: 0, timeMs: 0, timeOffsetMs: 0 } as const;
    c.receive({ history, epoch, epochId: epochIdOf(c.state!), from: 'a~1', to: 'b~1', body });
    expect(c.sent('syncAnswer', 'b').at(-1)?.body).toEqual({
      type: 'syncAnswer',
      number: 99,
      dumpNeeded: true,
      matchedSeq: 0,
      unflushed: 0,
    });
    expect(c.status('b').lastSeq).toBe(1);
  });

  it('a joiner that has nothing takes a snapshot, even if the whole log is retained', () => {
    const c = Scenario.of('a');
    for (let count = 0; count < 5; count++) c.put('a', 'k', `v${count}`);
    c.deliverAll();
    c.start('b');
    c.stabilize();
    expect(c.cluster.snapshots).toHaveLength(1);
    expect(c.sent('append', 'a')).toEqual([]);
  });

  it('commits do not wait for a joiner that is far behind', () => {
    const c = Scenario.of('a b', { maxBatchEntries: 1 });
    c.put('a', 'k', 'v');
    c.advance(300);
    c.pause('b');
    c.until(() => c.inSync.join() === 'a', 'not evicted');
    for (let count = 0; count < 50; count++) c.put('a', 'k', `v${count}`);
    c.resume('b');
    c.stepUntil(() => c.status('b').lastSeq > 5);
    c.tick('a');
    const call = c.put('a', 'k', 'meanwhile');
    c.stepUntil(() => c.status('b').lastSeq > 30);
    expect(outcome(call)).toBe('written 52');
  });
});
