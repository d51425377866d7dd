import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

/**
 * b took over from a in epoch 2, which d knows and c does not. ZooKeeper goes back to epoch 1, and c, which knows no higher
 * epoch, claims an epoch 2 of its own.
 */
function secondEpochTwo(written: boolean): Scenario {
  const c = Scenario.of('a b c d');
  c.put('a', 'k', 'in epoch 1');
  c.advance(500);
  const before = c.cluster.ensemble.znode!;
  c.kill('a');
  c.pause('c');
  if (!written) c.drop('sync');
  c.until(() => c.state?.primary === 'b~1' && c.status('d').epoch === 2, 'no failover');
  if (written) {
    c.until(() => c.inSync.join() === 'b,d', 'c is not evicted');
    c.put('b', 'k', 'in the first epoch 2');
    c.advance(500);
    // c cannot know of it.
    c.cluster.safety.generations.acceptFork();
  }
  c.pause('b');
  c.pause('d');
  c.zookeeperLoses(before);
  c.resume('c');
  c.reconnect('c');
  c.heal();
  c.until(() => c.primary === 'c', 'c does not take over', 60_000);
  return c;
}

function backAgain(c: Scenario, ...names: string[]): void {
  for (const name of names) {
    c.resume(name);
    c.reconnect(name);
  }
}

describe('two epochs of one number are two histories (R1)', () => {
  it('a replica with data of the first epoch keeps it, and reports both', () => {
    const c = secondEpochTwo(true);
    const held = c.status('d').line!;
    backAgain(c, 'd');
    c.advance(5_000);
    expect(c.state).toMatchObject({ history: held.history, epoch: 2, primary: 'c~1' });
    expect(c.status('d')).toMatchObject({ line: held, lastSeq: 2, offline: true, serving: false, foundHistory: c.state });
    expect(c.notes('d')).toContain('twoHistories');
    expect(c.notes('c')).toContain('otherHistory');
    expect(c.inSync).toEqual(['c']);
    expect(c.primary).toBe('c');
  });

  it('the primary of the first epoch stops serving, and keeps its data, too', () => {
    const c = secondEpochTwo(true);
    backAgain(c, 'b', 'd');
    c.advance(5_000);
    for (const name of ['b', 'd']) {
      expect(c.status(name)).toMatchObject({ lastSeq: 2, offline: true, serving: false, foundHistory: c.state });
    }
    expect(c.primary).toBe('c');
  });

  it('the id of the epoch that is given up decides which data is discarded', () => {
    const c = secondEpochTwo(true);
    backAgain(c, 'b', 'd');
    c.advance(5_000);
    const { id } = c.status('b').line!.lineage.at(-1)!;
    c.force('c', [id]);
    c.stabilize();
    expect(c.state).toMatchObject({ primary: 'c~1', inSync: ['b~1', 'c~1', 'd~1'], givenUp: [id] });
    for (const name of ['b', 'd']) expect(c.notes(name)).toContain('historyGivenUp');
    expect(c.get('c', 'k').value).toBe('in epoch 1');
  });

  it('if the second is given up, the first goes on, above both', () => {
    const c = secondEpochTwo(true);
    backAgain(c, 'b', 'd');
    c.advance(5_000);
    const { id } = c.state!.lineage.at(-1)!;
    expect(outcome(c.force('d'))).toBe('notForced');
    c.force('d', [id]);
    c.stabilize();
    expect(c.inSync).toEqual(['b', 'c', 'd']);
    expect(c.get('d', 'k').value).toBe('in the first epoch 2');
    // b held the same data, and had nothing to discard.
    expect(c.notes('b')).not.toContain('historyGivenUp');
    expect(c.notes('c')).toContain('historyGivenUp');
  });

  it('a member that knows the first epoch, and holds no data of it, follows the second', () => {
    const c = secondEpochTwo(false);
    expect(c.status('d')).toMatchObject({ epoch: 2 });
    expect(c.status('d').line!.lineage).toHaveLength(1);
    c.kill('b');
    backAgain(c, 'd');
    c.stabilize();
    expect(c.inSync).toEqual(['c', 'd']);
    expect(c.get('c', 'k').value).toBe('in epoch 1');
  });

  it('a replica with data of the first keeps it when a later epoch of the second sends Sync, before it can read state', () => {
    const c = secondEpochTwo(true);
    const held = c.status('d').line!;
    c.kill('b');
    c.start('e');
    c.until(() => c.inSync.join() === 'c,e', 'e does not join');
    c.kill('c');
    c.until(() => c.primary === 'e', 'e does not take over');
    const { number } = c.sent('sync').at(-1)!.body;
    const { history, lineage } = c.state!;
    const { id } = lineage.at(-1)!;
    c.resume('d');
    const log = { baseSeq: 0, baseEpoch: 0, baseEpochId: '', lastSeq: 1, history: [{ ...lineage[0]!, firstSeq: 1 }] };
    const body = { type: 'sync', number: number + 1, log, lineage, commitIndex: 1, timeMs: 0, timeOffsetMs: 0 } as const;
    c.receive({ history, epoch: 3, epochId: id, from: 'e~1', to: 'd~1', body });
    expect(c.status('d')).toMatchObject({ epoch: 3, line: held, lastSeq: 2 });
    expect(c.sent('otherHistory', 'd')).toHaveLength(1);
    expect(c.sent('syncAnswer', 'd').filter(({ epoch }) => epoch === 3)).toEqual([]);
    c.reconnect('d');
    c.advance(3_000);
    expect(c.status('d')).toMatchObject({ line: held, lastSeq: 2, offline: true, foundHistory: c.state });
  });
});
