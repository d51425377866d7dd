import { describe, expect, it } from 'vitest';
import { lostStateGapOf } from '../protocol/shard-state.js';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

/** a serves alone, with a write that b and c lack, and ZooKeeper comes back with a set that contains them. */
function evictionForgotten(): Scenario {
  const c = Scenario.of('a b c');
  c.put('a', 'k', 'held by all');
  c.advance(500);
  c.pause('c');
  c.until(() => c.inSync.join() === 'a,b', 'c is not evicted');
  expect(outcome(c.put('a', 'k', 'not held by c'))).toBe('none yet');
  c.advance(500);
  c.zookeeperLoses(c.stateBefore(1));
  return c;
}

/** b took over from a in epoch 2, and ZooKeeper comes back with the state of epoch 1. */
function failoverForgotten(): Scenario {
  const c = Scenario.of('a b c');
  c.put('a', 'k', 'in epoch 1');
  c.advance(500);
  const before = c.cluster.ensemble.znode!;
  c.kill('a');
  c.until(() => c.primary === 'b' && c.inSync.join() === 'b,c', 'no failover');
  c.put('b', 'k', 'in epoch 2');
  c.advance(500);
  c.zookeeperLoses(before);
  return c;
}

describe('ZooKeeper goes back within an epoch (R7)', () => {
  it('the primary goes on, and evicts again the members it had evicted: no acknowledged write is lost', () => {
    const c = Scenario.of('a b c');
    c.put('a', 'k', 'held by all');
    c.advance(500);
    c.kill('c');
    c.until(() => c.inSync.join() === 'a,b', 'c is not evicted');
    c.put('a', 'k', 'not held by c');
    c.advance(500);
    c.zookeeperLoses(c.stateBefore(1));
    expect(c.inSync).toEqual(['a', 'b', 'c']);
    c.until(() => c.inSync.join() === 'a,b', 'c is not evicted again');
    expect(c.state).toMatchObject({ epoch: 1, primary: 'a~1' });
    expect(c.get('a', 'k').value).toBe('not held by c');
    expect(c.node('a').notes).toContainEqual(expect.objectContaining({ kind: 'stateWentBack' }));
    expect(c.notes('a')).not.toContain('offline');
    c.kill('a');
    c.until(() => c.primary === 'b', 'no failover');
    expect(c.get('b', 'k').value).toBe('not held by c');
  });

  it('a write waits for the members that are in the set again, until they are evicted', () => {
    const c = Scenario.of('a b c');
    c.pause('c');
    c.until(() => c.inSync.join() === 'a,b', 'c is not evicted');
    c.elapse(1);
    c.zookeeperLoses(c.stateBefore(1));
    c.stepUntil(() => c.status('a').state?.inSync.length === 3);
    const call = c.put('a', 'k', 'v');
    c.stepUntil(() => outcome(call) !== 'none yet');
    expect(outcome(call)).toBe('written 1');
    expect(c.inSync).toEqual(['a', 'b']);
  });

  it('a joiner that was taken in is taken in again', () => {
    const c = Scenario.of('a b');
    c.start('c');
    c.stabilize();
    c.zookeeperLoses(c.stateBefore(1));
    expect(c.inSync).toEqual(['a', 'b']);
    c.stabilize();
    expect(c.inSync).toEqual(['a', 'b', 'c']);
    expect(c.state!.epoch).toBe(1);
  });

  it('a refused proposal counts as failed, and is made anew on the present state', () => {
    const c = evictionForgotten();
    c.resume('c');
    c.reconnect('c');
    c.stabilize();
    expect(c.inSync).toEqual(['a', 'b', 'c']);
    expect(c.get('a', 'k').value).toBe('not held by c');
  });

  it('a proposal with unknown outcome counts as failed, too', () => {
    const c = Scenario.of('a b c');
    c.kill('c');
    c.until(() => c.inSync.join() === 'a,b', 'c is not evicted');
    c.kill('b');
    c.node('a').session.loseNextAnswer = 'notApplied';
    c.until(() => c.node('a').session.loseNextAnswer === undefined, 'nothing is proposed');
    c.zookeeperLoses(c.stateBefore(1));
    c.until(() => c.inSync.join() === 'a', 'b and c are not evicted');
    expect(outcome(c.put('a', 'k', 'v'))).toBe('written 1');
  });
});

describe('ZooKeeper goes back to an older epoch (R7, R13)', () => {
  it('no replica serves or discards data, and replicas that know the higher epoch report offline', () => {
    const c = failoverForgotten();
    c.advance(10_000);
    expect(c.state).toMatchObject({ epoch: 1, primary: 'a~1' });
    for (const name of ['b', 'c']) {
      expect(c.status(name)).toMatchObject({ epoch: 2, lastSeq: 2, offline: true, serving: false });
      expect(c.notes(name)).toContain('stateWentBack');
    }
  });

  it('the command resumes from there, and no write is lost', () => {
    const c = failoverForgotten();
    c.until(() => c.status('c').offline, 'not offline');
    const { line } = c.status('c');
    const call = c.force('c');
    c.stabilize();
    expect(outcome(call)).toBe('forced');
    expect(c.state).toMatchObject({ history: line!.history, epoch: 2 + lostStateGapOf('c~1'), inSync: ['b~1', 'c~1'] });
    expect(c.get('c', 'k').value).toBe('in epoch 2');
    expect(c.notes('b')).not.toContain('historyGivenUp');
  });

  it('a replica that returns from the older epoch does not serve: it follows replicas that know the higher one', () => {
    const c = Scenario.of('a b c');
    c.put('a', 'k', 'in epoch 1');
    c.advance(500);
    const before = c.cluster.ensemble.znode!;
    c.pause('a');
    c.until(() => c.primary === 'b' && c.inSync.join() === 'b,c', 'no failover');
    c.put('b', 'k', 'in epoch 2');
    c.deliverAll();
    c.zookeeperLoses(before);
    c.resume('a');
    c.reconnect('a');
    // It learns of epoch 2 from b before it reads ZooKeeper.
    c.node('a').session.held = true;
    c.stepUntil(() => c.status('a').epoch === 2);
    c.node('a').session.held = false;
    c.until(() => c.status('c').offline, 'not offline');
    expect(c.get('a', 'k')).toHaveProperty('refusal');
    c.force('b');
    c.stabilize();
    expect(c.inSync).toEqual(['a', 'b', 'c']);
    expect(c.get('b', 'k').value).toBe('in epoch 2');
  });

  it('a primary of the older epoch that wakes evicts nobody before it has received answers to its beacons', () => {
    const c = Scenario.of('a b c');
    c.put('a', 'k', 'in epoch 1');
    c.advance(500);
    const before = c.cluster.ensemble.znode!;
    c.pause('a');
    c.until(() => c.primary === 'b' && c.inSync.join() === 'b,c', 'no failover');
    c.put('b', 'k', 'in epoch 2');
    c.deliverAll();
    for (const name of ['b', 'c']) c.hold(name, 'a');
    c.zookeeperLoses(before);
    c.resume('a');
    c.reconnect('a');
    c.advance(200);
    expect(c.status('a')).toMatchObject({ epoch: 1, state: { inSync: ['a~1', 'b~1', 'c~1'] } });
    c.heal();
    c.advance(200);
    expect([c.inSync, c.status('a').epoch]).toEqual([['a', 'b', 'c'], 2]);
    c.until(() => c.status('c').offline, 'not offline');
    c.force('b');
    c.stabilize();
    expect(c.get('b', 'k').value).toBe('in epoch 2');
  });

  it('a planned stop meanwhile does not discard a copy that may be the last', () => {
    const c = Scenario.of('a');
    c.put('a', 'k', 'in epoch 1');
    const before = c.cluster.ensemble.znode!;
    c.start('b');
    c.stabilize();
    c.kill('a');
    c.until(() => c.primary === 'b', 'no failover');
    c.put('b', 'k', 'in epoch 2');
    c.zookeeperLoses(before);
    c.until(() => c.status('b').offline, 'not offline');
    expect(c.inSync).toEqual(['a']);
    c.stop('b', 5_000);
    c.advance(4_000);
    expect(c.node('b').stopped).toBe('no');
    c.advance(2_000);
    expect(c.node('b').stopped).toBe('unclean');
  });

  it('a move meanwhile releases no replica', () => {
    const c = failoverForgotten();
    c.place('a');
    c.advance(10_000);
    for (const name of ['b', 'c']) expect(c.node(name).stopped).toBe('no');
  });

  it('the command to an empty replica is refused while another holds the history', () => {
    const c = failoverForgotten();
    c.start('d');
    c.until(() => c.status('b').offline, 'not offline');
    const body = { type: 'beacon', sentAtMs: 0, probe: false, commitIndex: 0, stopping: false, mayLeaveMs: 0 } as const;
    const { history, lineage } = c.status('b').line!;
    // d knows epoch 2, and holds no data.
    c.receive({ history, epoch: 2, epochId: lineage.at(-1)!.id, from: 'b~1', to: 'd~1', body });
    c.advance(3_000);
    const call = c.force('d');
    c.advance(3_000);
    expect(call.answers).toMatchObject([{ kind: 'notForced', reason: expect.stringContaining(history) }]);
    expect(c.status('b').lastSeq).toBe(2);
  });
});
