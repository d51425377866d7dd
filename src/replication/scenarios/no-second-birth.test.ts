import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

const sessionMs = 6000;

/** a and b hold k1, k2 and k3, and ZooKeeper has lost everything. */
function holdersOfALostState(): Scenario {
  const c = Scenario.of('a b');
  for (const key of ['k1', 'k2', 'k3']) c.put('a', key, `${key} of old`);
  c.advance(500);
  c.zookeeperLoses();
  c.until(() => ['a', 'b'].every((name) => c.status(name).offline), 'not offline');
  return c;
}

/** As if the earlier loss of the cluster's data had not been noticed. */
function forgetTheLoss(c: Scenario): void {
  c.cluster.ensemble.wasLost = false;
}

function pause(c: Scenario, names: readonly string[], forMs: number): void {
  for (const name of names) c.pause(name);
  c.advance(forMs);
}

function resume(c: Scenario, names: readonly string[]): void {
  for (const name of names) {
    c.resume(name);
    c.reconnect(name);
  }
}

describe('no second birth beside a history (R3, R13)', () => {
  it('an empty newcomer begins no history while the holders stall for longer than a session; no data is discarded', () => {
    const c = holdersOfALostState();
    c.start('c');
    pause(c, ['a', 'b'], 2 * sessionMs);
    expect(c.cluster.ensemble.candidates.map(({ replicaId }) => replicaId)).toEqual(['c~1']);
    expect(c.state).toBeUndefined();
    expect(c.get('c', 'k1')).toEqual({ refusal: 'NOT_PRIMARY' });
    expect(c.status('c').offline).toBe(true);
    resume(c, ['a', 'b']);
    c.advance(2 * sessionMs);
    expect(c.state).toBeUndefined();
    for (const name of ['a', 'b', 'c']) expect(c.status(name)).toMatchObject({ offline: true, serving: false });
    const call = c.force('a');
    c.stabilize();
    expect(outcome(call)).toBe('forced');
    expect(c.inSync).toEqual(['a', 'b', 'c']);
    for (const key of ['k1', 'k2', 'k3']) expect(c.get('a', key).value).toBe(`${key} of old`);
  });

  it('the history keeps its id when the command resumes it', () => {
    const c = holdersOfALostState();
    const { line } = c.status('b');
    c.force('b');
    c.stabilize();
    expect(c.state).toMatchObject({ history: line!.history, givenUp: [] });
    expect(c.state!.lineage.slice(0, -1)).toEqual(line!.lineage);
  });

  it.each([
    ['placed', 'a b c'],
    ['not placed', 'c'],
  ])('no replica creates a state while a candidate that is %s names a history', (_, placed) => {
    const c = holdersOfALostState();
    forgetTheLoss(c);
    c.place(placed);
    c.start('c');
    c.advance(2 * sessionMs);
    expect(c.state).toBeUndefined();
    expect(c.status('c').offline).toBe(true);
    expect(c.node('a').stopped).toBe('no');
  });

  it('a candidate names a history once its copy is complete, and not before', () => {
    const c = new Scenario({ retainEntries: 1 });
    c.start('a');
    c.stabilize();
    for (const key of ['k1', 'k2', 'k3']) c.put('a', key, 'v');
    c.deliverAll();
    c.cluster.snapshotsHeld = true;
    c.start('b');
    c.until(() => c.cluster.snapshots.length > 0, 'no snapshot');
    expect(c.cluster.ensemble.candidates.map(({ history }) => history)).toEqual([c.state!.history, undefined]);
    c.cluster.snapshotsHeld = false;
    c.stabilize();
    expect(c.cluster.ensemble.candidates.map(({ history }) => history)).toEqual([c.state!.history, c.state!.history]);
  });

  it('a replica that takes a new copy names no history', () => {
    const c = new Scenario({ retainEntries: 1 });
    c.start('a', 'b');
    c.stabilize();
    c.put('a', 'k0', 'v');
    c.advance(500);
    c.partition('a', 'b');
    c.expire('b');
    c.until(() => c.inSync.join() === 'a', 'not evicted');
    for (const key of ['k1', 'k2', 'k3']) c.put('a', key, 'v');
    c.advance(2_000);
    c.cluster.snapshotsHeld = true;
    c.heal();
    c.reconnect('b');
    c.until(() => c.cluster.snapshots.length > 0, 'no snapshot');
    const held = () => c.cluster.ensemble.candidates.find(({ replicaId }) => replicaId === 'b~1')?.history;
    expect(held()).toBe(c.state!.history);
    c.cluster.snapshotsHeld = false;
    c.stepUntil(() => held() === undefined);
    expect(c.status('b').complete).toBe(false);
    c.stabilize();
  });

  it('where the cluster was restored, a missing state is a loss, even if all replicas are empty', () => {
    const c = Scenario.of('a');
    c.put('a', 'k1', 'v');
    c.deliverAll();
    c.kill('a');
    c.zookeeperLoses();
    c.start('b', 'c');
    c.advance(2 * sessionMs);
    expect(c.state).toBeUndefined();
    for (const name of ['b', 'c']) {
      expect(c.status(name).offline).toBe(true);
      expect(c.node(name).notes).toContainEqual({ kind: 'offline', lost: undefined });
    }
  });

  it('in a restored cluster the command takes an empty replica, too, and begins a history', () => {
    const c = Scenario.of('a');
    c.put('a', 'k1', 'v');
    c.deliverAll();
    const { history } = c.state!;
    c.kill('a');
    c.zookeeperLoses();
    c.start('b', 'c');
    c.until(() => c.status('b').offline, 'not offline');
    const call = c.force('b');
    c.stabilize();
    expect(outcome(call)).toBe('forced');
    expect(c.state!.history).not.toBe(history);
    expect(c.inSync).toEqual(['b', 'c']);
    expect(c.get('b', 'k1')).toEqual({ version: 0 });
  });

  it('the command to an empty replica is refused while a holder of data is registered; the refusal names its history', () => {
    const c = holdersOfALostState();
    const { history } = c.status('a').line!;
    c.start('c');
    c.advance(500);
    const call = c.force('c');
    c.deliverAll();
    expect(call.answers).toMatchObject([{ kind: 'notForced', reason: expect.stringContaining(history) }]);
    expect(c.state).toBeUndefined();
  });

  it('the command is refused where no history has begun: a primary is about to be chosen', () => {
    const c = new Scenario();
    c.start('a', 'b');
    c.node('a').session.held = true;
    c.deliverAll();
    expect(outcome(c.force('b'))).toBe('notForced');
    c.node('a').session.held = false;
    c.stabilize();
    expect(c.state!.epoch).toBe(1);
  });

  it.each(['the holders of a history are back', 'the cluster is known to have been restored'])(
    'a birth whose answer was lost is not repeated where %s meanwhile',
    (what) => {
      const c = holdersOfALostState();
      forgetTheLoss(c);
      pause(c, ['a', 'b'], 2 * sessionMs);
      c.start('c');
      const { session } = c.node('c');
      session.loseNextAnswer = 'notApplied';
      c.until(() => session.loseNextAnswer === undefined, 'c proposes nothing');
      c.disconnect('c');
      if (what.startsWith('the holders')) resume(c, ['a', 'b']);
      else c.cluster.ensemble.wasLost = true;
      c.deliverAll();
      c.reconnect('c');
      c.advance(2 * sessionMs);
      expect(c.state).toBeUndefined();
      expect(c.status('c')).toMatchObject({ role: 'joiner', offline: true });
    },
  );

  it('a replica whose birth has an unknown outcome does not leave like one that holds nothing', () => {
    const c = holdersOfALostState();
    forgetTheLoss(c);
    pause(c, ['a', 'b'], 2 * sessionMs);
    c.start('c');
    const { session } = c.node('c');
    session.loseNextAnswer = 'notApplied';
    c.until(() => session.loseNextAnswer === undefined, 'c proposes nothing');
    c.disconnect('c');
    resume(c, ['a', 'b']);
    c.reconnect('c');
    c.until(() => c.role('c') === 'joiner', 'c still asks');
    c.stop('c', 3_000);
    c.advance(2_000);
    expect(c.node('c').stopped).toBe('no');
    c.advance(2_000);
    expect(c.node('c').stopped).toBe('unclean');
  });
});
