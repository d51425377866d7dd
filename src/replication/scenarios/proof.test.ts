import { describe, expect, it } from 'vitest';
import { defaultOptions } from '../testing/cluster.fixture.js';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

const { leaseMs } = defaultOptions;

/** a, in the same session, now reads from a server that lags by this many changes. */
function laggingServer(c: Scenario, name: string, changes: number): void {
  c.node(name).session.lag = changes;
  c.disconnect(name);
  c.reconnect(name);
}

/** Whether a proof was requested. */
function watchProofs(c: Scenario, name: string): { asked: number } {
  const { session } = c.node(name);
  const refresh = session.refresh.bind(session);
  const proofs = { asked: 0 };
  session.refresh = (afterWrite) => {
    if (afterWrite) proofs.asked += 1;
    refresh(afterWrite);
  };
  return proofs;
}

describe('the proof that ZooKeeper has lost data (R7)', () => {
  it.each([
    ['older', 1],
    ['missing', 2],
  ])('a state that is %s, from a server that lags, changes nothing', (_, changes) => {
    const c = Scenario.of('a b c');
    const known = c.status('a').state;
    const proofs = watchProofs(c, 'a');
    laggingServer(c, 'a', changes);
    c.advance(leaseMs);
    expect(c.status('a').state).toEqual(known);
    expect(c.primary).toBe('a');
    expect(outcome(c.put('a', 'k', 'v'))).toBe('none yet');
    c.advance(100);
    expect(c.get('a', 'k').value).toBe('v');
    expect(c.notes('a')).not.toContain('stateWentBack');
    // The server shows the newest state once the proof was requested.
    c.advance(leaseMs);
    expect(proofs.asked).toBe(1);
    expect(c.notes('a')).not.toContain('stateWentBack');
    expect(c.node('a').session.lag).toBe(0);
  });

  it('nothing is proposed before the proof, and something is with it', () => {
    const c = Scenario.of('a b c');
    laggingServer(c, 'a', 1);
    c.deliverAll();
    const { version } = c.cluster.ensemble.znode!;
    c.kill('c');
    c.advance(leaseMs);
    expect(c.cluster.ensemble.znode!.version).toBe(version);
    c.until(() => c.inSync.join() === 'a,b', 'never evicted', 2 * leaseMs);
  });

  it('nothing is proposed where the connection lives on and its server repeats an earlier reading', () => {
    const c = Scenario.of('a b c');
    c.elapse(1);
    c.node('a').session.lag = 1;
    c.cluster.ensemble.fire('state');
    c.deliverAll();
    const { version } = c.cluster.ensemble.znode!;
    c.kill('c');
    c.advance(leaseMs);
    expect(c.cluster.ensemble.znode!.version).toBe(version);
    c.until(() => c.inSync.join() === 'a,b', 'never evicted', 2 * leaseMs);
  });

  it('a follower keeps the newer state when it reads an older one', () => {
    const c = Scenario.of('a b c');
    c.pause('a');
    c.until(() => c.primary === 'b' && c.inSync.join() === 'b,c', 'no failover');
    laggingServer(c, 'c', 2);
    c.advance(3 * leaseMs);
    expect(c.status('c')).toMatchObject({ epoch: 2, offline: false });
    expect(c.notes('c')).not.toContain('stateWentBack');
    expect(c.status('c').state).toMatchObject({ epoch: 2 });
  });

  it('a loss is proven after a lease, in the same session, by a reading that follows a write', () => {
    const c = Scenario.of('a b');
    c.start('c');
    c.stabilize();
    const proofs = watchProofs(c, 'a');
    // The servers lose the end of their log, and the sessions live on.
    c.cluster.ensemble.goBackTo(c.stateBefore(1));
    for (const name of ['a', 'b', 'c']) {
      c.disconnect(name);
      c.reconnect(name);
    }
    c.advance(leaseMs);
    expect(c.notes('a')).not.toContain('stateWentBack');
    expect(c.status('a').state?.inSync).toHaveLength(3);
    c.stabilize();
    expect(proofs.asked).toBe(1);
    expect(c.notes('a')).toContain('stateWentBack');
    expect(c.inSync).toEqual(['a', 'b', 'c']);
  });

  it('a connection that was up to date once proves nothing about later commits', () => {
    const c = Scenario.of('a b c');
    c.elapse(1);
    c.node('a').session.lag = 1;
    c.cluster.ensemble.fire('state');
    c.advance(leaseMs / 2);
    expect(c.status('a').state?.inSync).toHaveLength(3);
    expect(c.notes('a')).not.toContain('stateWentBack');
  });

  it('a reading that follows only a sync is no proof: it may lag', () => {
    const c = Scenario.of('a b c');
    const { session } = c.node('a');
    session.lag = 1;
    for (let count = 0; count < 5; count++) {
      c.disconnect('a');
      c.reconnect('a');
      c.advance(leaseMs / 2);
    }
    expect(c.primary).toBe('a');
    expect(c.status('a').state?.inSync).toHaveLength(3);
    expect(c.notes('a')).not.toContain('stateWentBack');
  });
});

describe('a proposal is repeated only on the state that was read (R7)', () => {
  it('a znode that was created again, with the version that an old compare-and-set expects, is not overwritten', () => {
    const c = Scenario.of('a b c');
    const { version } = c.cluster.ensemble.znode!;
    c.pause('b');
    c.node('a').session.loseNextAnswer = 'notApplied';
    c.until(() => c.node('a').session.loseNextAnswer === undefined, 'nothing is proposed');
    c.disconnect('a');
    // Another replica has begun a history, and has reached the same version.
    const other = { history: 'other', epoch: 1, lineage: [{ epoch: 1, id: 'begun' }], primary: 'x~1', inSync: ['x~1'] };
    // Its repetition is due before it reads the present state.
    c.node('a').session.held = true;
    c.zookeeperLoses({ version, state: { ...other, seqFloor: 1, givenUp: [] } });
    c.advance(leaseMs);
    c.node('a').session.held = false;
    c.advance(5 * leaseMs);
    expect(c.cluster.ensemble.znode).toMatchObject({ version, state: other });
    expect(c.status('a')).toMatchObject({ foundHistory: { history: 'other' }, offline: true, serving: false });
  });

  it('a proposal of an older epoch is not repeated', () => {
    const c = Scenario.of('a b c');
    c.node('a').session.loseNextAnswer = 'notApplied';
    c.pause('b');
    c.until(() => c.node('a').session.loseNextAnswer === undefined, 'nothing is proposed');
    c.disconnect('a');
    c.partition('a', 'c');
    c.resume('b');
    c.partition('a', 'b');
    c.until(() => c.primary !== undefined && c.primary !== 'a', 'no failover');
    c.heal();
    // It learns the epoch from a message, and ZooKeeper goes back to the version that its proposal expects.
    c.until(() => c.status('a').epoch === 2, 'a learns of no later epoch');
    const before = c.cluster.ensemble.znodes.find((znode) => znode?.state.inSync.length === 3)!;
    c.zookeeperLoses(before);
    c.advance(5 * leaseMs);
    expect(c.cluster.ensemble.znode).toEqual(before);
    for (const name of ['a', 'b', 'c']) expect(c.status(name)).toMatchObject({ epoch: 2, offline: true });
  });
});
