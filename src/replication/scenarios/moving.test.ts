import { describe, expect, it } from 'vitest';
import { epochIdOf } from '../protocol/shard-state.js';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

const isReleased = (c: Scenario, name: string) => c.node(name).stopped === 'released';

/** Longer than all leases, graces and snapshots of a move. */
const aWhileMs = 20_000;

describe('moving a shard (R15)', () => {
  it('a replica on a node that is not placed keeps its copy until each placed node has a member in sync', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.place('a c');
    c.advance(aWhileMs);
    expect(c.inSync).toEqual(['a', 'b']);
    expect(isReleased(c, 'b')).toBe(false);
    const before = c.cluster.ensemble.znodes.length;
    c.start('c');
    c.until(() => isReleased(c, 'b'), 'b is not released');
    const sets = c.cluster.ensemble.znodes.slice(before).map((znode) => znode?.state.inSync.join(' '));
    expect(sets).toEqual(['a~1 b~1 c~1', 'a~1 c~1']);
    expect(c.primary).toBe('a');
  });

  it('the set never has fewer members during a move than before it', () => {
    const c = Scenario.of('a b c');
    let fewest = c.inSync.length;
    c.put('a', 'k', 'v');
    c.place('d e f');
    c.start('d', 'e', 'f');
    c.until(
      () => {
        fewest = Math.min(fewest, c.inSync.length);
        return ['a', 'b', 'c'].every((name) => isReleased(c, name));
      },
      'the old ones never go',
      60_000,
    );
    expect(fewest).toBe(3);
    expect(c.inSync).toEqual(['d', 'e', 'f']);
    expect(c.get(c.primary!, 'k').value).toBe('v');
  });

  it('a primary that is to leave hands over to the first placed node, without a failed write', () => {
    const c = Scenario.of('a b c');
    c.place('c b');
    c.until(() => isReleased(c, 'a'), 'a is not released');
    expect(c.primary).toBe('c');
    expect(c.state).toMatchObject({ epoch: 2, inSync: ['b~1', 'c~1'] });
    const call = c.put('c', 'k', 'v');
    c.deliverAll();
    expect(outcome(call)).toBe('written 1');
  });

  it('a dead member does not count as the copy that allows another to leave', () => {
    const c = Scenario.of('a b c');
    c.kill('c');
    c.place('a c');
    c.advance(aWhileMs);
    expect(c.inSync).toEqual(['a', 'b']);
    expect(isReleased(c, 'b')).toBe(false);
    c.start('c');
    c.until(() => isReleased(c, 'b'), 'b is not released');
    expect(c.inSync).toEqual(['a', 'c']);
  });

  it('a member that is evicted with the same proposal does not count as the copy that allows another to leave', () => {
    const c = Scenario.of('a b c');
    // b answers beacons, and receives no entry.
    c.drop('append', ({ to }) => to === 'b~1');
    const call = c.put('a', 'k', 'v');
    c.disconnect('a');
    c.place('a b');
    c.advance(1_500);
    expect(outcome(call)).toBe('none yet');
    c.reconnect('a');
    c.until(() => !c.inSync.includes('b'), 'b is not evicted');
    expect(c.inSync).toEqual(['a', 'c']);
    c.deliverAll();
    expect(outcome(call)).toBe('written 1');
    c.heal();
    c.until(() => isReleased(c, 'c'), 'c is not released');
    expect(c.inSync).toEqual(['a', 'b']);
  });

  it('a replica whose node is placed again before the move is over stays', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.place('a c');
    c.cluster.snapshotsHeld = true;
    c.start('c');
    c.advance(2_000);
    c.place('a b');
    c.cluster.snapshotsHeld = false;
    c.until(() => isReleased(c, 'c'), 'c is not released');
    expect(c.inSync).toEqual(['a', 'b']);
  });

  it('no replica takes a copy, or enters the set, where the shard does not belong', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.deliverAll();
    c.place('a b');
    c.start('c');
    c.until(() => isReleased(c, 'c'), 'c is not released');
    expect(c.cluster.snapshots).toEqual([]);
    expect(c.inSync).toEqual(['a', 'b']);
  });

  it('a history begins where the shard belongs', () => {
    const c = new Scenario();
    c.place('b');
    c.start('a');
    c.advance(aWhileMs);
    expect(c.state).toBeUndefined();
    c.start('b');
    c.until(() => c.primary === 'b', 'no birth');
    expect(isReleased(c, 'a')).toBe(true);
  });

  it('a history begins without waiting for a candidate that is not placed', () => {
    const c = new Scenario();
    c.place('b');
    c.start('a');
    c.pause('a');
    c.start('b');
    c.until(() => c.primary === 'b', 'no birth', 1000);
  });

  it('a replica that was evicted for its silence keeps its copy until the set is complete', () => {
    const c = Scenario.of('a b c');
    c.put('a', 'k', 'v');
    c.advance(200);
    c.place('a b d');
    c.pause('c');
    c.until(() => c.inSync.join() === 'a,b', 'c is not evicted');
    c.resume('c');
    c.advance(aWhileMs);
    expect(isReleased(c, 'c')).toBe(false);
    c.start('d');
    c.until(() => isReleased(c, 'c'), 'c is not released');
    expect(c.inSync).toEqual(['a', 'b', 'd']);
  });

  it('a primary that is to leave serves until each placed node has a member in sync', () => {
    const c = Scenario.of('a b c');
    c.place('b d');
    c.advance(aWhileMs);
    expect(c.primary).toBe('a');
    expect(c.state).toMatchObject({ epoch: 1, inSync: ['a~1', 'b~1', 'c~1'] });
    c.start('d');
    c.until(() => isReleased(c, 'a') && isReleased(c, 'c'), 'they never go');
    expect(c.state).toMatchObject({ epoch: 2, primary: 'b~1', inSync: ['b~1', 'd~1'] });
  });

  it('the last copy is kept as long as no replica can take it', () => {
    const c = Scenario.of('a');
    c.put('a', 'k', 'v');
    c.deliverAll();
    c.place('b');
    c.advance(aWhileMs);
    expect(c.get('a', 'k').value).toBe('v');
    expect(c.state).toMatchObject({ inSync: ['a~1'], primary: 'a~1' });
  });

  it('a member that is to leave succeeds a dead primary if no other replica holds the shard', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.deliverAll();
    c.place('a c');
    c.kill('a');
    c.until(() => c.primary === 'b', 'no failover');
    c.start('c', 'a');
    c.until(() => isReleased(c, 'b'), 'b is not released');
    expect(c.inSync).toEqual(['a', 'c']);
    expect(c.get(c.primary!, 'k').value).toBe('v');
  });

  it('a replica that wants to leave says so, and the primary does not take it in', () => {
    const c = Scenario.of('a b');
    c.place('a b');
    // The primary has not received the new placement: by its own, c belongs there, too.
    c.node('a').handle({ type: 'placed', nodes: ['a', 'b', 'c'] });
    c.start('c');
    // It answers a beacon before it has read ZooKeeper, so that the primary begins to replicate to it.
    c.node('c').session.held = true;
    c.stepUntil(() => c.sent('syncAnswer', 'c').length > 0);
    c.node('c').session.held = false;
    c.until(() => isReleased(c, 'c'), 'c is not released');
    expect(c.state?.inSync).toEqual(['a~1', 'b~1']);
    expect(c.notes('a').filter((note) => note === 'membersProposed')).toHaveLength(1);
  });
});

describe('reports of a move that are late or incomplete (R15)', () => {
  /** c is out of the set, because a and b received the new placement; c has not received it yet. */
  function outOfTheSet(): Scenario {
    const c = Scenario.of('a b c');
    c.put('a', 'k', 'v');
    c.place('a b c');
    c.advance(500);
    for (const name of ['a', 'b']) c.tellPlaced(name, 'a b');
    c.until(() => c.inSync.join() === 'a,b', 'c is not taken out');
    return c;
  }

  it('a replica that has no report of the move stays, and is taken in again if the move is called off', () => {
    const c = outOfTheSet();
    c.advance(aWhileMs);
    expect(isReleased(c, 'c')).toBe(false);
    c.tellPlaced('a', 'a b c');
    c.until(() => c.inSync.join() === 'a,b,c', 'c is not taken in');
    expect(c.cluster.snapshots).toEqual([]);
  });

  it('a member that reads an old state without itself is neither released nor evicted for it', () => {
    const c = outOfTheSet();
    // From now on it reads nothing new from ZooKeeper.
    c.node('c').session.watchesMuted = true;
    c.node('c').session.held = true;
    c.tellPlaced('a', 'a b c');
    c.until(() => c.inSync.join() === 'a,b,c', 'c is not taken in');
    c.tellPlaced('c', 'a b');
    c.advance(aWhileMs);
    expect(isReleased(c, 'c')).toBe(false);
    expect(c.inSync).toEqual(['a', 'b', 'c']);
  });

  it('a permission to leave does not count after the replica has taken its wish back', () => {
    const c = outOfTheSet();
    c.forgetSent();
    c.hold('a', 'c');
    c.tellPlaced('c', 'a b');
    const { history, epoch } = c.state!;
    const epochId = epochIdOf(c.state!);
    const sentAtMs = c.cluster.nowMs;
    const beacon = (atMs: number, mayLeaveMs: number) => {
      const body = { type: 'beacon', sentAtMs: atMs, probe: false, commitIndex: 1, stopping: false, mayLeaveMs } as const;
      c.receive({ history, epoch, epochId, from: 'a~1', to: 'c~1', body });
    };
    beacon(sentAtMs, 0);
    c.tellPlaced('c', 'a b c');
    beacon(sentAtMs + 150, 0);
    c.tellPlaced('c', 'a b');
    beacon(sentAtMs + 300, sentAtMs);
    expect(c.sent('beaconAnswer', 'c').map(({ body }) => body.leaving)).toEqual([true, false, true]);
    expect(isReleased(c, 'c')).toBe(false);
    beacon(sentAtMs + 450, sentAtMs + 300);
    expect(isReleased(c, 'c')).toBe(true);
  });

  it('a replica in sync in the new epoch is not released while it still reads that the history has ended', () => {
    const c = Scenario.of('a');
    c.stop('a');
    c.until(() => c.node('a').stopped === 'clean', 'a never stops');
    c.place('c b');
    c.start('c', 'b');
    c.stepUntil(() => c.status('b').state !== undefined);
    c.node('b').session.held = true;
    c.until(() => c.inSync.join() === 'b,c', 'b does not join');
    c.tellPlaced('b', 'c');
    c.advance(aWhileMs);
    expect(isReleased(c, 'b')).toBe(false);
    expect(c.inSync).toEqual(['b', 'c']);
  });

  it('two nodes with different placements do not pass the shard to and fro', () => {
    const c = Scenario.of('a b');
    c.tellPlaced('a', 'b');
    c.tellPlaced('b', 'a');
    c.advance(5000);
    expect(c.state?.epoch).toBeLessThanOrEqual(3);
    expect(c.inSync).toEqual(['a', 'b']);
    c.place('b');
    c.until(() => isReleased(c, 'a'), 'a is not released');
    expect(c.primary).toBe('b');
  });

  it('an empty placement moves no copy', () => {
    const c = Scenario.of('a b');
    for (const name of ['a', 'b']) c.node(name).handle({ type: 'placed', nodes: [] });
    c.advance(aWhileMs);
    expect(c.inSync).toEqual(['a', 'b']);
    expect(c.primary).toBe('a');
  });

  it('without ZooKeeper a primary that is to leave still accepts writes', () => {
    const c = Scenario.of('a b c');
    c.disconnect('a');
    c.place('b c');
    c.advance(500);
    const call = c.put('a', 'k', 'v');
    c.deliverAll();
    expect(outcome(call)).toBe('written 1');
    c.reconnect('a');
    c.until(() => isReleased(c, 'a'), 'a is not released');
    expect(c.primary).toBe('b');
  });
});

describe('the preferred primary (R15)', () => {
  it('takes over the shard once it has been able to for some time', () => {
    const c = Scenario.of('a b c');
    c.place('b a c');
    c.advance(2_000);
    expect(c.primary).toBe('a');
    c.until(() => c.primary === 'b', 'no handover');
    c.stabilize();
    expect(c.state).toMatchObject({ epoch: 2, inSync: ['a~1', 'b~1', 'c~1'] });
  });

  it('does not move the primary again and again if it comes and goes', () => {
    const c = Scenario.of('a b c');
    c.place('b a c');
    for (let round = 0; round < 4; round++) {
      c.kill('b');
      c.until(() => !c.inSync.includes('b'), 'b stays in the set');
      c.start('b');
      c.until(() => c.inSync.includes('b'), 'b does not join');
      c.advance(2_000);
    }
    expect(c.primary).toBe('a');
    expect(c.state?.epoch).toBe(1);
    c.until(() => c.primary === 'b', 'no handover');
  });

  it('must be able to take over for twice as long each time it has taken over and died', () => {
    const c = Scenario.of('a b');
    c.place('b a');
    c.until(() => c.primary === 'b', 'no handover');
    const waitsMs: number[] = [];
    for (let round = 0; round < 3; round++) {
      c.kill('b');
      c.until(() => c.primary === 'a', 'no failover');
      c.start('b');
      c.until(() => c.inSync.includes('b'), 'b does not join');
      const sinceMs = c.cluster.nowMs;
      c.until(() => c.primary === 'b', 'no handover', 100_000);
      waitsMs.push(c.cluster.nowMs - sinceMs);
    }
    expect(waitsMs[0]).toBeGreaterThan(9_000);
    expect(waitsMs[1]! / waitsMs[0]!).toBeGreaterThan(1.8);
    expect(waitsMs[2]! / waitsMs[1]!).toBeGreaterThan(1.8);
  });

  it('does not take over while a member does not answer: writes would have to wait for that member', () => {
    const c = Scenario.of('a b c');
    c.place('b a c');
    c.advance(4300);
    c.partition('a', 'c');
    c.advance(850);
    expect(c.inSync).toEqual(['a', 'b', 'c']);
    expect(c.notes('a')).not.toContain('handover');
    c.until(() => c.primary === 'b', 'no handover');
    expect(c.inSync).toEqual(['a', 'b']);
  });

  it('does not take over while it is stopping', () => {
    const c = Scenario.of('a b c');
    c.place('b a c');
    c.stop('b');
    c.advance(aWhileMs);
    expect(c.primary).toBe('a');
    expect(c.state?.epoch).toBe(1);
  });

  it('receives the shard on a planned stop even if another candidate is lower', () => {
    const c = Scenario.of('a b c');
    c.cluster.snapshotsHeld = true;
    c.place('a c d');
    c.start('d');
    c.stop('a');
    c.until(() => c.node('a').stopped === 'clean', 'a never stops');
    c.until(() => c.primary !== undefined, 'no handover');
    expect(c.primary).toBe('c');
  });
});
