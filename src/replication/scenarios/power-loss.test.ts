import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

const names = ['a', 'b', 'c'];

function onDisk(reportsFlushes: boolean): Scenario {
  const c = Scenario.of('a b c', { volatile: false, reportsFlushes });
  c.flushDisks(...names);
  return c;
}

function acknowledged(c: Scenario, key: string, value: string): void {
  const call = c.put(c.primary!, key, value);
  c.deliverAll();
  expect(outcome(call)).toMatch(/^written/);
}

describe('a loss of power at all nodes at once', () => {
  it('R4, R6: with each write flushed, the shard goes on with everything acknowledged, whichever nodes start first', () => {
    for (const first of [['c', 'b'], ['b', 'a'], ['c']]) {
      const c = onDisk(false);
      acknowledged(c, 'k', 'v');
      c.losePower(...names);
      c.advance(5_000);
      c.startAgain(...first);
      c.until(() => c.primary !== undefined, 'no node serves');
      expect(c.get(c.primary!, 'k').value).toBe('v');
      c.startAgain(...names.filter((name) => !first.includes(name)));
      c.stabilize();
      expect([...c.inSync].sort()).toEqual(names);
      expect(c.state?.inSync.every((id) => id.endsWith('~1'))).toBe(true);
    }
  });

  it('R1, R13: with flushes at intervals, what is left is of new replicas, and an operator decides which of them goes on', () => {
    const c = onDisk(true);
    acknowledged(c, 'k', 'v');
    c.flushDisks(...names);
    acknowledged(c, 'k', 'w');
    c.losePower(...names);
    c.startAgain(...names);
    c.advance(20_000);
    expect([c.primary, c.state?.epoch]).toEqual([undefined, 1]);
    expect(names.map((name) => c.status(name).offline)).toEqual([true, true, true]);
    c.force('b');
    c.stabilize();
    expect(c.get('b', 'k').value).toBe('v');
    expect([...(c.state?.inSync ?? [])].sort()).toEqual(['a~2', 'b~2', 'c~2']);
  });

  it('keeps each write with sync that was answered', () => {
    const c = onDisk(true);
    const call = c.putSynced('a', 'k', 'v');
    c.deliverAll();
    c.flushDisks(...names);
    c.deliverAll();
    expect(outcome(call)).toBe('written 1');
    c.losePower(...names);
    for (const name of names) {
      c.startAgain(name);
      expect(c.status(name).lastSeq).toBe(1);
    }
  });
});

describe('with flushes at intervals', () => {
  it('R1: a replica whose machine has lost power joins again under a new id, by the log that it lacks', () => {
    const c = onDisk(true);
    acknowledged(c, 'k', 'v');
    c.flushDisks(...names);
    acknowledged(c, 'k', 'w');
    c.losePower('b');
    c.startAgain('b');
    expect(c.status('b')).toMatchObject({ replicaId: 'b~2', lastSeq: 1 });
    c.stabilize();
    expect(c.state?.inSync).toContain('b~2');
    expect(c.cluster.snapshots).toHaveLength(0);
    c.kill('a', 'c');
    c.until(() => c.primary === 'b', 'b does not take over');
    expect(c.get('b', 'k').value).toBe('w');
  });

  it('R6: the end of all processes loses nothing that was acknowledged', () => {
    const c = onDisk(true);
    acknowledged(c, 'k', 'v');
    c.kill(...names);
    c.startAgain('b');
    c.until(() => c.primary === 'b', 'b does not take over');
    expect(c.get('b', 'k').value).toBe('v');
  });
});
