import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

const isReleased = (c: Scenario, name: string) => c.node(name).stopped === 'released';

/** Leases, graces and dumps of a move: long over. */
const aWhileMs = 20_000;

describe('moving a shard (R15)', () => {
  it('a replica whose node is not named keeps its copy until each node that is has a member in sync', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.place('a c');
    c.advance(aWhileMs);
    expect(c.inSync).toEqual(['a', 'b']);
    expect(isReleased(c, 'b')).toBe(false);
    c.start('c');
    c.until(() => isReleased(c, 'b'), 'b never goes');
    expect(c.inSync).toEqual(['a', 'c']);
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

  it('a primary that is to go hands over to the first node named, without a failed write', () => {
    const c = Scenario.of('a b c');
    c.place('c b');
    c.until(() => isReleased(c, 'a'), 'a never goes');
    expect(c.primary).toBe('c');
    expect(c.state).toMatchObject({ epoch: 2, inSync: ['b~1', 'c~1'] });
    const call = c.put('c', 'k', 'v');
    c.deliverAll();
    expect(outcome(call)).toBe('written 1');
  });

  it('a member that is dead does not count as the copy that allows another to go', () => {
    const c = Scenario.of('a b c');
    c.kill('c');
    c.place('a c');
    c.advance(aWhileMs);
    expect(c.inSync).toEqual(['a', 'b']);
    expect(isReleased(c, 'b')).toBe(false);
    c.start('c');
    c.until(() => isReleased(c, 'b'), 'b never goes');
    expect(c.inSync).toEqual(['a', 'c']);
  });

  it('one that is named again before the move is over stays', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.place('a c');
    c.cluster.dumpsHeld = true;
    c.start('c');
    c.advance(2_000);
    c.place('a b');
    c.cluster.dumpsHeld = false;
    c.until(() => isReleased(c, 'c'), 'c never goes');
    expect(c.inSync).toEqual(['a', 'b']);
  });

  it('nobody is given a copy, or comes in, where the shard does not belong', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.deliverAll();
    c.place('a b');
    c.start('c');
    c.until(() => isReleased(c, 'c'), 'c never goes');
    expect(c.cluster.dumps).toEqual([]);
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

  it('the last copy is kept however long nobody can take it', () => {
    const c = Scenario.of('a');
    c.put('a', 'k', 'v');
    c.deliverAll();
    c.place('b');
    c.advance(aWhileMs);
    expect(c.get('a', 'k').value).toBe('v');
    expect(c.state).toMatchObject({ inSync: ['a~1'], primary: 'a~1' });
  });

  it('a dead primary is succeeded by a member that is to go, if nobody else holds the shard', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.deliverAll();
    c.place('a c');
    c.kill('a');
    c.until(() => c.primary === 'b', 'no failover');
    c.start('c', 'a');
    c.until(() => isReleased(c, 'b'), 'b never goes');
    expect(c.inSync).toEqual(['a', 'c']);
    expect(c.get(c.primary!, 'k').value).toBe('v');
  });

  it('one that the primary still takes for a newcomer says that it is about to go, and does not come in', () => {
    const c = Scenario.of('a b');
    c.place('a b');
    // The primary has not heard of it: to it, c belongs there as well.
    c.node('a').handle({ type: 'placed', nodes: ['a', 'b', 'c'] });
    c.start('c');
    c.until(() => isReleased(c, 'c'), 'c never goes');
    expect(c.state?.inSync).toEqual(['a~1', 'b~1']);
    expect(c.notes('a').filter((note) => note === 'membersProposed')).toHaveLength(1);
  });
});

describe('the preferred primary (R15)', () => {
  it('is handed the shard once it has been able to take over for some time', () => {
    const c = Scenario.of('a b c');
    c.place('b a c');
    c.advance(2_000);
    expect(c.primary).toBe('a');
    c.until(() => c.primary === 'b', 'no handover');
    c.stabilize();
    expect(c.state).toMatchObject({ epoch: 2, inSync: ['a~1', 'b~1', 'c~1'] });
  });

  it('one that comes and goes does not make the primary go to and fro', () => {
    const c = Scenario.of('a b c');
    c.place('b a c');
    for (let round = 0; round < 4; round++) {
      c.kill('b');
      c.until(() => !c.inSync.includes('b'), 'b stays in the set');
      c.start('b');
      c.until(() => c.inSync.includes('b'), 'b does not come in');
      c.advance(2_000);
    }
    expect(c.primary).toBe('a');
    expect(c.state?.epoch).toBe(1);
    c.until(() => c.primary === 'b', 'no handover');
  });

  it('one that stops is not handed the shard', () => {
    const c = Scenario.of('a b c');
    c.place('b a c');
    c.stop('b');
    c.advance(aWhileMs);
    expect(c.primary).toBe('a');
    expect(c.state?.epoch).toBe(1);
  });

  it('a planned stop hands over to a node that is named, though another is first in line', () => {
    const c = Scenario.of('a b c');
    c.cluster.dumpsHeld = true;
    c.place('a c d');
    c.start('d');
    c.stop('a');
    c.until(() => c.node('a').stopped === 'clean', 'a never stops');
    c.until(() => c.primary !== undefined, 'no handover');
    expect(c.primary).toBe('c');
  });
});
