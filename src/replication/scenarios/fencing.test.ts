import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

describe('fencing (R8)', () => {
  it('what was appended in the turn in which a primary steps down does not stay without storage', () => {
    const c = new Scenario();
    c.start('a');
    c.stabilize();
    const node = c.node('a');
    node.disk.hangs = true;
    c.put('a', 'k', 'v1');
    c.cluster.elapse(1100);
    const call = node.write('k', 'v2');
    c.cluster.tick(node);
    expect(c.role('a')).toBe('backup');
    expect(outcome(call)).toBe('OUTCOME_UNKNOWN');
    node.disk.hangs = false;
    node.completeWrites();
    c.stabilize();
    expect(c.snapshot('a').lastSeq).toBe(2);
  });

  it('a sync that comes twice cuts nothing that has been acknowledged, even after a failed claim', () => {
    const c = new Scenario();
    c.start('a', 'b');
    c.stabilize();
    const [sync] = c.sent('sync', 'a');
    c.put('a', 'k', 'v1');
    // Neither commit index nor beacon tells b that the entry is committed.
    c.deliverAll();
    const b = c.node('b');
    c.hold('a', 'b');
    b.session.loseNextAnswer = 'notApplied';
    c.cluster.elapse(1300);
    for (let count = 0; count < 8; count++) {
      c.cluster.elapse(50);
      c.cluster.tick(b);
    }
    expect(c.role('b')).toBe('claimant');
    b.session.loseNextAnswer = undefined;
    c.cluster.register.compareAndSet(c.cluster.register.znode!.version, c.state!);
    c.until(() => c.role('b') !== 'claimant', 'still claiming', 2000);
    b.handle({ type: 'message', message: sync! });
    expect(c.snapshot('b').lastSeq).toBe(1);
  });
});
