import { describe, expect, it } from 'vitest';
import { Random } from '../testing/random.fixture.js';
import { Scenario } from '../testing/scenario.fixture.js';

/** a serves alone with three entries; b is about to join by dump. */
function withoutHistory(options = {}): Scenario {
  const c = new Scenario({ retainEntries: 1, ...options });
  c.start('a');
  c.stabilize();
  for (const key of ['k1', 'k2', 'k3', 'k4', 'k5', 'k6']) c.put('a', key, `${key} old`);
  c.deliverAll();
  return c;
}

/** b has been told where its dump begins; no chunk has come. */
function beginDump(c: Scenario): void {
  c.cluster.dumpsHeld = true;
  c.until(() => c.cluster.dumps.length === 1, 'no dump', 5000);
  c.cluster.dumpsHeld = false;
  c.stepUntil(() => c.sent('syncAnswer', 'b').some(({ body }) => body.matchedSeq > 0));
  c.cluster.dumpsHeld = true;
  c.deliverAll();
}

describe('joining (R10)', () => {
  it('a copy counts as complete only once that is durable', () => {
    const c = withoutHistory();
    c.start('b');
    beginDump(c);
    c.node('b').disk.hangs = true;
    c.cluster.dumpsHeld = false;
    c.advance(700);
    expect(c.notes('b')).toContain('dumpTaken');
    expect(c.inSync).toEqual(['a']);
    c.node('b').disk.hangs = false;
    c.node('b').completeWrites();
    c.stabilize();
  });

  it('a joiner whose word that the dump has begun is lost is asked again', () => {
    const c = withoutHistory();
    c.start('b');
    c.drop('syncAnswer', ({ body }) => body.type === 'syncAnswer' && body.matchedSeq > 0);
    c.until(() => c.notes('b').includes('dumpTaken'), 'no dump');
    c.heal();
    c.stabilize();
  });

  it('a joiner whose word that the dump has failed is lost is asked again, without any write', () => {
    const c = withoutHistory();
    c.start('b');
    beginDump(c);
    c.drop('syncAnswer');
    const [dump] = c.cluster.dumps.splice(0);
    c.cluster.dumpsHeld = false;
    c.node('b').handle({ type: 'dumpFailed', epoch: dump!.epoch, number: dump!.number });
    c.heal();
    c.stabilize();
  });

  it('a member evicted for a dump gives up its copy even if it has not read of its eviction yet', () => {
    const c = withoutHistory();
    c.start('b');
    c.stabilize();
    c.node('b').session.watchesMuted = true;
    c.pause('b');
    c.breakLink('a', 'b');
    c.until(() => c.inSync.join() === 'a', 'not evicted');
    for (let count = 0; count < 10; count++) c.put('a', 'k1', `v${count}`);
    c.deliverAll();
    c.resume('b');
    c.stabilize();
    expect(c.snapshot('b').lastSeq).toBe(16);
  });

  it('a joiner is admitted while writes never cease', () => {
    const c = new Scenario();
    c.start('a');
    c.stabilize();
    c.start('b');
    c.deliverAll();
    let count = 0;
    const random = new Random(1);
    // Whatever is delivered, there is always another write on its way to b.
    for (let turn = 0; turn < 4000 && c.inSync.length < 2; turn++) {
      c.put('a', 'k', `v${count++}`);
      const next = random.pick(c.cluster.actions());
      if (next !== undefined) c.cluster.run(next);
      if (turn % 4 === 0) c.cluster.elapse(5);
      if (turn % 40 === 0) for (const node of c.cluster.nodes) c.cluster.tick(node);
    }
    expect(c.inSync).toEqual(['a', 'b']);
  });

  it('a joiner whose znode was gone for a moment is followed up at once', () => {
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
});
