import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

/** a is frozen; b has taken over. */
function deposed(): Scenario {
  const c = Scenario.of('a b c');
  c.put('a', 'k', 'old');
  c.advance(300);
  c.pause('a');
  c.until(() => c.primary === 'b', 'no failover');
  c.put('b', 'k', 'new');
  c.advance(200);
  c.resume('a');
  return c;
}

describe('fencing (R8)', () => {
  it('a primary frozen past grace and then continued serves no stale read and completes no write', () => {
    const c = deposed();
    expect(c.role('a')).toBe('primary');
    expect(c.get('a', 'k')).toEqual({ refusal: 'LEASE_LAPSED' });
    const call = c.put('a', 'k', 'late');
    c.stabilize();
    expect(outcome(call)).toBe('OUTCOME_UNKNOWN');
    expect(c.get('b', 'k').value).toBe('new');
    expect(c.inSync).toEqual(['a', 'b', 'c']);
  });

  it('a replica refuses a lower epoch and answers with its own; a primary that sees a higher epoch steps down', () => {
    const c = deposed();
    c.node('a').session.held = true;
    c.forgetSent();
    c.tick('a');
    c.stepUntil(() => c.role('a') !== 'primary');
    expect(c.sent('higherEpoch').map(({ epoch, to }) => [epoch, to])[0]).toEqual([2, 'a~1']);
    expect(c.status('a').epoch).toBe(2);
    expect(c.sent('beaconAnswer').filter(({ to }) => to === 'a~1')).toEqual([]);
  });

  it('entries appended in the turn in which a primary steps down are persisted', () => {
    const c = Scenario.of('a');
    const node = c.node('a');
    node.disk.hangs = true;
    c.put('a', 'k', 'v1');
    c.elapse(1100);
    const call = node.write('k', 'v2');
    c.tick('a');
    expect(c.role('a')).toBe('backup');
    expect(outcome(call)).toBe('OUTCOME_UNKNOWN');
    node.disk.hangs = false;
    node.completeWrites();
    c.stabilize();
    expect(c.status('a').lastSeq).toBe(2);
  });

  it('a Sync that arrives twice cuts no acknowledged entry, even after a failed claim', () => {
    const c = Scenario.of('a b');
    const [sync] = c.sent('sync', 'a');
    c.put('a', 'k', 'v1');
    c.deliverAll();
    c.hold('a', 'b');
    c.node('b').session.loseNextAnswer = 'notApplied';
    c.elapse(1300);
    for (let count = 0; count < 8; count++) {
      c.elapse(50);
      c.tick('b');
    }
    expect(c.role('b')).toBe('claimant');
    // Another change of the state beats the claim.
    c.node('b').session.loseNextAnswer = undefined;
    c.cluster.ensemble.compareAndSet(c.cluster.ensemble.znode!.version, c.state!);
    c.until(() => c.role('b') !== 'claimant', 'still claiming', 2000);
    c.receive(sync!);
    expect(c.status('b').lastSeq).toBe(1);
  });

  it('an answer of a lower epoch does not count: the entries it acknowledged may have been cut since', () => {
    const c = deposed();
    c.stabilize();
    c.hold('b', 'a');
    const call = c.put('b', 'k', 'newer');
    c.deliverAll();
    const { number } = c.sent('sync', 'b').findLast(({ to }) => to === 'a~1')!.body;
    const { history, lineage } = c.state!;
    const { epoch, id: epochId } = lineage.find((mark) => mark.epoch === 1)!;
    const body = { type: 'appendAnswer', number, mismatch: false, ackedSeq: 3, unflushed: 0 } as const;
    c.receive({ history, epoch, epochId, from: 'a~1', to: 'b~1', body });
    expect(outcome(call)).toBe('none yet');
    c.heal();
    c.deliverAll();
    expect(outcome(call)).toBe('written 3');
  });
});
