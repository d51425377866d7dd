import { describe, expect, it } from 'vitest';
import type { StateZnode } from '../../../simulation/virtual/ensemble.js';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

/** a was the primary of a history that was given up for another, which the empty b began. `before`: the state that names a. */
function givenUp(joins: boolean): { c: Scenario; before: StateZnode } {
  const c = Scenario.of('a');
  c.put('a', 'k', 'of a');
  c.deliverAll();
  // Forced once, so that its floor is high.
  c.zookeeperLoses();
  c.until(() => c.status('a').offline, 'not offline');
  c.force('a');
  c.stabilize();
  const before = c.cluster.ensemble.znode!;
  c.pause('a');
  c.zookeeperLoses();
  c.start('b');
  c.until(() => c.status('b').offline, 'not offline');
  c.force('b');
  c.until(() => c.status('b').serving, 'b does not serve');
  c.resume('a');
  c.reconnect('a');
  c.until(() => c.status('a').foundHistory !== undefined, 'a does not see the other');
  c.cluster.snapshotsHeld = !joins;
  c.put('b', 'k', 'of b');
  c.force('b', [before.state.history]);
  if (joins) c.stabilize();
  else c.until(() => !c.status('a').complete, 'a does not discard');
  return { c, before };
}

describe('a state that came back names a replica that has discarded its copy since (R1, R13)', () => {
  it('the replica does not serve its present data under the old history', () => {
    const { c, before } = givenUp(true);
    const { history } = c.state!;
    const held = ['a', 'b'].map((name) => c.status(name).lastSeq);
    c.zookeeperLoses(before);
    c.advance(5_000);
    expect(c.primary).toBeUndefined();
    expect(['a', 'b'].map((name) => c.status(name).lastSeq)).toEqual(held);
    for (const name of ['a', 'b']) {
      expect(c.status(name)).toMatchObject({
        offline: true,
        line: { history },
        foundHistory: { history: before.state.history },
      });
    }
    const call = c.force('b', [before.state.history]);
    c.stabilize();
    expect(outcome(call)).toBe('forced');
    expect(c.inSync).toEqual(['a', 'b']);
    expect(c.get('b', 'k').value).toBe('of b');
  });

  it('the replica does not begin empty', () => {
    const { c, before } = givenUp(false);
    const { history } = c.state!;
    c.zookeeperLoses(before);
    c.advance(5_000);
    expect(c.primary).toBeUndefined();
    expect(c.status('a')).toMatchObject({ offline: true, complete: false, serving: false });
    expect(c.status('b')).toMatchObject({ offline: true, line: { history } });
    // The command to a replica without data must name what is given up.
    expect(outcome(c.force('a'))).toBe('notForced');
    c.force('b', [before.state.history]);
    c.cluster.snapshotsHeld = false;
    c.stabilize();
    expect(c.get('b', 'k').value).toBe('of b');
  });

  it('where no named member holds a copy any more, every replica reports offline, and the command resumes the shard', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'of a');
    c.advance(500);
    const before = c.cluster.ensemble.znode!;
    c.kill('a');
    c.pause('b');
    c.zookeeperLoses();
    c.start('d', 'e');
    c.until(() => c.status('d').offline, 'not offline');
    c.force('d');
    c.until(() => c.inSync.join() === 'd,e', 'd and e do not serve');
    c.cluster.snapshotsHeld = true;
    c.resume('b');
    c.reconnect('b');
    c.until(() => c.status('b').foundHistory !== undefined, 'b does not see the other');
    c.force('d', [before.state.history]);
    c.until(() => c.status('b').line === undefined, 'b does not discard');
    c.kill('d', 'e');
    c.start('f');
    c.zookeeperLoses(before);
    c.advance(5_000);
    for (const name of ['b', 'f']) expect(c.status(name)).toMatchObject({ offline: true, serving: false });
    expect(outcome(c.force('b'))).toBe('none yet');
    c.cluster.snapshotsHeld = false;
    c.stabilize();
    expect(c.get('b', 'k')).toEqual({ version: 0 });
  });
});
