import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

describe('identity (R1, R2)', () => {
  it('a process that restarts empty is a joiner, even if its old znode still exists and is the lowest', () => {
    const c = Scenario.of('a b c');
    outcome(c.put('a', 'k', 'v'));
    c.deliverAll();
    c.kill('a');
    c.start('a');
    expect(c.cluster.ensemble.candidates.map((candidate) => candidate.replicaId)).toEqual(['a~1', 'b~1', 'c~1', 'a~2']);
    c.stabilize();
    expect(c.primary).toBe('b');
    expect(c.inSync).toEqual(['a', 'b', 'c']);
    expect(c.state?.inSync).toContain('a~2');
    expect(c.node('a').store.versionOf('k')).toBe(1);
  });

  it('a backup that restarts empty leaves the set under its old id before it enters under the new one', () => {
    const c = Scenario.of('a b');
    c.kill('b');
    c.start('b');
    const before = c.cluster.ensemble.znodes.length;
    c.stabilize();
    const sets = c.cluster.ensemble.znodes.slice(before).map((znode) => znode?.state.inSync.join(' '));
    expect(sets).toEqual(['a~1', 'a~1 b~2']);
  });

  it('a message for an earlier replica of this node is ignored', () => {
    const c = Scenario.of('a b');
    const [beacon] = c.sent('beacon', 'a').slice(-1);
    c.kill('b');
    c.start('b');
    c.forgetSent();
    c.node('b').handle({ type: 'message', message: { ...beacon!, epoch: 9, epochId: 'nine' } });
    expect(c.sent('beaconAnswer', 'b')).toEqual([]);
    expect(c.status('b').epoch).toBeLessThan(9);
  });

  it('a replica with two znodes is one candidate', () => {
    const c = Scenario.of('a b');
    c.cluster.ensemble.register(c.cluster.ensemble.newSession('b~1'), false, c.state!.history);
    c.kill('a');
    c.stabilize();
    expect(c.primary).toBe('b');
    expect(c.state?.inSync).toEqual(['b~1']);
  });
});
