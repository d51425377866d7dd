import { describe, expect, it } from 'vitest';
import type { ShardState } from '../protocol/shard-state.js';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

describe('birth (R3)', () => {
  it('the first candidate creates the state, and the others join it', () => {
    const c = Scenario.of('a b c');
    expect(c.primary).toBe('a');
    const { history, lineage } = c.state!;
    expect(c.state).toEqual({
      history,
      epoch: 1,
      lineage: [{ epoch: 1, id: lineage[0]!.id }],
      primary: 'a~1',
      inSync: ['a~1', 'b~1', 'c~1'],
      seqFloor: 1,
      givenUp: [],
    });
    expect(c.cluster.ensemble.candidates.map((candidate) => candidate.history)).toEqual([history, history, history]);
    const call = c.put('a', 'k', 'v');
    c.deliverAll();
    expect(outcome(call)).toBe('written 1');
    expect(c.get('a', 'k')).toEqual({ value: 'v', version: 1 });
  });

  it('a later candidate waits for the first, however long it hesitates', () => {
    const c = new Scenario();
    c.start('a', 'b');
    c.pause('a');
    c.advance(5000);
    expect(c.state).toBeUndefined();
    c.advance(3000);
    expect(c.primary).toBe('b');
  });

  it.each(['applied', 'notApplied'] as const)('a lost answer (%s) delays the birth, and does no more', (fate) => {
    const c = new Scenario();
    c.start('a', 'b');
    c.node('a').session.loseNextAnswer = fate;
    c.stabilize();
    expect(c.state).toMatchObject({ epoch: 1, primary: 'a~1' });
  });

  it('of two candidates that both believe to be first, one creates the state and the other joins', () => {
    const c = new Scenario();
    c.start('a', 'b');
    // Each knows only itself.
    const [first, second] = c.cluster.ensemble.candidates;
    c.node('a').session.watchesMuted = true;
    c.deliverAll();
    c.node('a').handle({ type: 'candidates', candidates: [first!] });
    c.node('b').handle({ type: 'candidates', candidates: [second!] });
    c.advance(400);
    c.node('a').session.watchesMuted = false;
    c.cluster.ensemble.fire('candidates');
    c.stabilize();
    expect(c.state).toMatchObject({ epoch: 1 });
    expect(c.inSync).toEqual(['a', 'b']);
  });

  it('a replica that has known an epoch begins no history in an empty ZooKeeper, with or without entries', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.advance(500);
    c.start('c');
    c.advance(100);
    c.zookeeperLoses();
    c.advance(20_000);
    expect(c.state).toBeUndefined();
    expect(c.primary).toBeUndefined();
    expect(c.notes('a')).toContain('offline');
    expect(c.status('c').lastSeq).toBe(1);
    expect(c.notes('c')).toContain('offline');
  });

  it('an empty replica that has known an epoch begins no history either: others may hold entries', () => {
    const c = Scenario.of('a b');
    c.zookeeperLoses();
    c.advance(5000);
    expect(c.status('b').lastSeq).toBe(0);
    expect(c.state).toBeUndefined();
  });

  it('a primary whose state is gone stops serving', () => {
    const c = Scenario.of('a b');
    c.hold('a', 'b');
    const call = c.put('a', 'k', 'v');
    c.cluster.ensemble.lose();
    c.until(() => c.role('a') !== 'primary', 'it goes on serving', 5_000);
    expect(outcome(call)).toBe('OUTCOME_UNKNOWN');
    expect(c.get('a', 'k')).toEqual({ refusal: 'NOT_PRIMARY' });
  });

  it('a primary goes on serving if only a server that may lag shows no state', () => {
    const c = Scenario.of('a b');
    const asOfMs = Number.NEGATIVE_INFINITY;
    c.node('a').handle({ type: 'stateMissing', isRestored: false, asOfMs });
    expect(c.primary).toBe('a');
    expect(outcome(c.put('a', 'k', 'v'))).toBe('none yet');
    c.deliverAll();
    expect(c.get('a', 'k').value).toBe('v');
  });

  it.each([
    ['of a lower epoch', (state: ShardState) => ({ epoch: 1, lineage: state.lineage.slice(0, 1) })],
    ['of another history', () => ({ history: 'other', epoch: 1, lineage: [{ epoch: 1, id: 'begun' }] })],
    ['of another epoch of the same number', (state: ShardState) => ({ lineage: [state.lineage[0]!, { epoch: 2, id: 'other' }] })],
  ])('a state %s, from a ZooKeeper that began again, is not followed', (_, other) => {
    const c = Scenario.of('a b');
    c.kill('a');
    c.stabilize();
    expect(c.state?.epoch).toBe(2);
    const state = { ...c.state!, ...other(c.state!), primary: 'x~1', inSync: ['x~1'] };
    c.node('b').handle({ type: 'stateRead', version: 99, state, asOfMs: Number.NEGATIVE_INFINITY });
    // Before a later read can correct it.
    expect(c.status('b').state).toMatchObject({ epoch: 2, inSync: ['b~1'] });
    expect(outcome(c.put('b', 'k', 'v'))).toBe('written 1');
    c.advance(500);
    expect(c.primary).toBe('b');
  });
});
