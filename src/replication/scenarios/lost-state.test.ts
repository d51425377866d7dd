import { describe, expect, it } from 'vitest';
import { lostStateGapOf } from '../protocol/shard-state.js';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

/** ZooKeeper has lost its data more than once, and only b remembers an epoch of the history. */
function higherEpochRemembered(): Scenario {
  const c = Scenario.of('a b');
  c.put('a', 'k', 'v');
  c.deliverAll();
  const body = { type: 'beacon', sentAtMs: 0, probe: false, commitIndex: 0, stopping: false, mayLeaveMs: 0 } as const;
  c.receive({ history: c.state!.history, epoch: 9, epochId: 'nine', from: 'a~1', to: 'b~1', body });
  return c;
}

describe('a state of a lower epoch than replicas know (R3, R13)', () => {
  it('is not followed: no replica serves or discards data, and replicas that know a higher epoch report it', () => {
    const c = higherEpochRemembered();
    c.advance(10_000);
    expect(c.state).toMatchObject({ epoch: 1, inSync: ['a~1', 'b~1'] });
    for (const name of ['a', 'b']) {
      expect(c.status(name)).toMatchObject({ epoch: 9, offline: true });
      expect(c.get(name, 'k')).toHaveProperty('refusal');
      expect(c.status(name).lastSeq).toBe(1);
    }
  });

  it('the command resumes from it although its members are registered: they cannot serve', () => {
    const c = higherEpochRemembered();
    c.advance(10_000);
    const call = c.force('a');
    c.stabilize();
    // As if ZooKeeper had lost everything: no replica knows what else was lost.
    expect(call.answers).toMatchObject([{ kind: 'forced', epoch: 9 + lostStateGapOf('a~1') }]);
    expect(c.get('a', 'k').value).toBe('v');
    expect(c.inSync).toEqual(['a', 'b']);
  });

  it('the command stays refused if a server only lags and the primary still sends beacons', () => {
    const c = Scenario.of('a b c');
    c.node('c').session.lag = 1;
    c.kill('a');
    c.until(() => c.primary === 'b', 'no failover');
    c.advance(5_000);
    const call = c.force('c');
    c.deliverAll();
    expect(outcome(call)).toBe('notForced');
    expect(c.status('c').offline).toBe(false);
  });

  it('a stop: an older or missing state does not show a replica whether the set counts on its copy', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.deliverAll();
    c.zookeeperLoses();
    c.until(() => c.status('a').offline && c.status('b').offline, 'not offline');
    c.stop('a', 60_000);
    c.advance(1_000);
    expect(c.node('a').stopped).toBe('no');
    const call = c.force('b');
    c.until(() => c.node('a').stopped === 'clean', 'a never stops');
    expect(outcome(call)).toBe('forced');
    expect(c.get('b', 'k').value).toBe('v');
  });

  it.each(['older', 'missing'])(
    'the command is refused while a primary still sends beacons that has not noticed that state is %s',
    (what) => {
      const c = Scenario.of('a b');
      const before = c.stateBefore(1);
      c.kill('a');
      c.stabilize();
      c.start('c');
      c.stabilize();
      c.node('b').session.held = true;
      c.zookeeperLoses(what === 'older' ? before : undefined);
      c.advance(2_000);
      expect(c.primary).toBe('b');
      const early = c.force('c');
      c.deliverAll();
      expect(early.answers).toMatchObject([{ kind: 'notForced', reason: expect.stringContaining('b~1') }]);
      c.kill('b');
      c.advance(2_000);
      expect(c.status('c').offline).toBe(true);
      c.force('c');
      c.stabilize();
      expect(c.primary).toBe('c');
    },
  );

  it('a stop: a replica that has known an epoch does not believe a lagging server that shows it is no member', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.deliverAll();
    c.zookeeperLoses();
    c.until(() => c.status('a').offline, 'not offline');
    const { session } = c.node('a');
    const call = c.force('a');
    c.stepUntil(() => outcome(call) === 'forced');
    session.lag = 1;
    c.stop('a');
    c.disconnect('a');
    c.reconnect('a');
    c.advance(1_000);
    expect(c.inSync).toEqual(['a']);
    expect(c.node('a').stopped).toBe('no');
    session.lag = 0;
    c.expire('a');
    c.reconnect('a');
    c.until(() => c.node('a').stopped === 'clean', 'a never stops');
    expect(c.primary).toBe('b');
    expect(c.get('b', 'k').value).toBe('v');
  });
});
