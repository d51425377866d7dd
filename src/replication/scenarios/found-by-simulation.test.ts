import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

/** Each of these was first a seed of `npm run simulate` that failed. */
describe('found by simulation', () => {
  it('R13: an inherited write keeps no version that the lost history may have given to another write', () => {
    const c = Scenario.of('a b');
    c.hold('a', 'b');
    c.put('a', 'k', 'never acknowledged');
    c.pause('a');
    c.until(() => c.primary === 'b', 'no failover');
    expect(outcome(c.put('b', 'k', 'lost with b'))).toBe('written 1');
    c.kill('b');
    c.resume('a');
    c.heal();
    c.until(() => c.status('a').offline, 'not offline');
    const call = c.force('a');
    c.stabilize();
    expect(outcome(call)).toBe('forced');
    expect(c.get('a', 'k')).toEqual({ value: 'never acknowledged', version: c.state!.seqFloor });
    expect(outcome(c.put('a', 'k', 'new', 1))).toBe(`VERSION_MISMATCH ${c.state!.seqFloor}`);
  });

  it('R13: where ZooKeeper has lost the state, the command chooses an epoch above any that others know', () => {
    const c = Scenario.of('a b c');
    c.put('a', 'k', 'v');
    c.partition('a', 'b');
    c.partition('a', 'c');
    c.disconnect('a');
    c.until(() => c.primary === 'b', 'no failover');
    c.zookeeperLoses();
    c.until(() => ['a', 'b', 'c'].every((name) => c.status(name).offline), 'not offline');
    expect(c.status('a').epoch).toBeLessThan(c.status('b').epoch);
    const { epoch, line } = c.status('b');
    c.force('a');
    c.heal();
    c.advance(5_000);
    expect(c.state!.epoch).toBeGreaterThan(epoch);
    expect(c.get('a', 'k').value).toBe('v');
    // b and c hold an epoch below that of the command. They keep their data until an operator decides.
    expect(c.inSync).toEqual(['a']);
    for (const name of ['b', 'c']) expect(c.status(name)).toMatchObject({ line, offline: true, foundHistory: c.state });
    c.force('a', [line!.lineage.at(-1)!.id]);
    c.stabilize();
    expect(c.inSync).toEqual(['a', 'b', 'c']);
    expect(c.get('a', 'k').value).toBe('v');
  });

  it('R7, R13: a rebirth that failed unnoticed does not empty the copy that a handover later makes primary', () => {
    const c = Scenario.of('a');
    c.stop('a');
    c.until(() => c.node('a').stopped === 'clean', 'a never stops', 1000);
    c.start('b', 'c');
    const { session } = c.node('b');
    session.loseNextAnswer = 'notApplied';
    c.until(() => session.loseNextAnswer === undefined, 'b never claims');
    c.expire('b');
    c.until(() => c.primary === 'c', 'no rebirth');
    c.put('c', 'k', 'v');
    // From here on ZooKeeper answers b nothing: b joins the new history without knowing the outcome of its own attempt.
    session.held = true;
    c.reconnect('b');
    c.until(() => c.inSync.join() === 'b,c', 'b never joins');
    c.stop('c');
    c.until(() => c.state?.primary === 'b~1', 'no handover');
    session.held = false;
    c.stabilize();
    expect(c.get('b', 'k')).toMatchObject({ value: 'v' });
  });
});
