import { describe, expect, it } from 'vitest';
import { nameOf } from '../protocol/lineage.js';
import type { ReplicaOptions } from '../protocol/replica-options.js';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

/** ZooKeeper lost everything while a, which holds k, was away. By command the empty b began a history, and c joined it. */
function twoHistories(options: Partial<ReplicaOptions> = {}): Scenario {
  const c = Scenario.of('z a', options);
  c.put('z', 'k', 'of a');
  c.advance(500);
  c.kill('z');
  c.pause('a');
  c.zookeeperLoses();
  c.start('b', 'c');
  c.until(() => c.status('b').offline, 'not offline');
  c.force('b');
  c.until(() => c.inSync.join() === 'b,c', 'b and c do not serve');
  c.put('b', 'new', 'of b');
  c.deliverAll();
  c.resume('a');
  c.reconnect('a');
  c.advance(3_000);
  return c;
}

function count(c: Scenario, name: string, kind: string): number {
  return c.notes(name).filter((note) => note === kind).length;
}

describe('two histories meet (R1, R13)', () => {
  it('a replica that returns with its data keeps it, serves nothing, and reports both histories', () => {
    const c = twoHistories();
    const { line } = c.status('a');
    expect(c.status('a')).toMatchObject({ lastSeq: 1, offline: true, serving: false, role: 'joiner', foundHistory: c.state });
    expect(c.node('a').store.versionOf('k')).toBe(1);
    expect(line!.history).not.toBe(c.state!.history);
    expect(count(c, 'a', 'twoHistories')).toBe(1);
    expect(c.node('a').notes).toContainEqual({
      kind: 'twoHistories',
      held: line,
      found: expect.objectContaining({ history: c.state!.history }),
    });
    expect(c.cluster.ensemble.candidates.find(({ replicaId }) => replicaId === 'a~1')!.history).toBe(line!.history);
  });

  it('the primary of the other history reports it once, and goes on serving with its followers', () => {
    const c = twoHistories();
    c.advance(20_000);
    const { history, epoch } = { ...c.status('a'), ...c.status('a').line! };
    expect(c.node('b').notes.filter(({ kind }) => kind === 'otherHistory')).toEqual([
      { kind: 'otherHistory', peer: 'a~1', history, epoch },
    ]);
    const call = c.put('b', 'k', 'of b');
    c.deliverAll();
    expect(outcome(call)).toMatch(/^written/);
    expect(c.inSync).toEqual(['b', 'c']);
    expect(count(c, 'a', 'twoHistories')).toBe(1);
  });

  it('neither history takes over from the other, whichever member is lost', () => {
    const c = twoHistories();
    c.kill('b');
    c.until(() => c.primary === 'c', 'no failover');
    c.advance(3_000);
    c.kill('c');
    c.advance(20_000);
    expect(c.status('a')).toMatchObject({ lastSeq: 1, offline: true, serving: false });
    expect(c.state).toMatchObject({ primary: 'c~1' });
  });

  it('a command that names nothing to give up is refused, and the refusal names both histories', () => {
    const c = twoHistories();
    const before = c.state;
    const call = c.force('a');
    c.deliverAll();
    const { line, foundHistory } = c.status('a');
    const [answer] = call.answers;
    expect(answer).toMatchObject({ kind: 'notForced', reason: expect.stringContaining(nameOf(line!)) });
    expect(answer).toMatchObject({ reason: expect.stringContaining(nameOf(foundHistory!)) });
    expect(c.state).toBe(before);
    expect(outcome(c.force('b'))).toBe('notForced');
  });

  it('a command that names something else is refused, too', () => {
    const c = twoHistories();
    const call = c.force('a', [c.status('a').line!.history, 'nothing that there is']);
    c.deliverAll();
    expect(outcome(call)).toBe('notForced');
  });

  it('the command to the primary keeps the history it serves: the other replica discards its data, reports it, and joins', () => {
    const c = twoHistories();
    const { history, epoch } = c.state!;
    const { line } = c.status('a');
    const call = c.force('b', [line!.history]);
    c.deliverAll();
    expect(call.answers).toMatchObject([{ kind: 'forced', epoch }]);
    c.stabilize();
    expect(c.state).toMatchObject({ history, epoch, primary: 'b~1', inSync: ['a~1', 'b~1', 'c~1'], givenUp: [line!.history] });
    expect(c.node('a').notes).toContainEqual({ kind: 'historyGivenUp', held: line });
    expect(c.node('a').store.versionOf('k')).toBe(0);
    expect(c.node('a').store.versionOf('new')).toBeGreaterThan(0);
    expect(c.status('a').foundHistory).toBeUndefined();
    expect(c.cluster.ensemble.candidates.every((candidate) => candidate.history === history)).toBe(true);
  });

  it('the command to the other replica keeps its history: the primary steps down, the others discard, and all join it', () => {
    const c = twoHistories();
    const { history, epoch, seqFloor } = c.state!;
    const { line } = c.status('a');
    const call = c.force('a', [history]);
    c.stabilize();
    expect(outcome(call)).toBe('forced');
    expect(c.primary).toBe('a');
    expect(c.state).toMatchObject({ history: line!.history, inSync: ['a~1', 'b~1', 'c~1'] });
    expect(c.state!.givenUp).toContain(history);
    // Above every version that the other history has used.
    expect(c.state!.epoch).toBeGreaterThan(epoch);
    expect(c.state!.seqFloor).toBeGreaterThan(seqFloor);
    for (const name of ['a', 'b', 'c']) {
      expect(c.node(name).store.versionOf('k')).toBe(1);
      expect(c.node(name).store.versionOf('new')).toBe(0);
    }
    for (const name of ['b', 'c']) expect(c.notes(name)).toContain('historyGivenUp');
  });

  it('a replica that was away when its history was given up discards the data when it returns, and joins', () => {
    const c = twoHistories();
    const { line } = c.status('a');
    c.pause('a');
    c.until(() => c.cluster.ensemble.candidates.length === 2, 'its session lives');
    expect(outcome(c.force('b', [line!.history]))).toBe('none yet');
    c.advance(500);
    c.resume('a');
    c.reconnect('a');
    c.stabilize();
    expect(c.notes('a')).toContain('historyGivenUp');
    expect(c.inSync).toEqual(['a', 'b', 'c']);
  });

  it('where ZooKeeper is lost again, the command need not name the other history that was lost with it', () => {
    const c = twoHistories();
    c.kill('b', 'c');
    c.zookeeperLoses();
    c.until(() => c.status('a').offline, 'not offline');
    c.advance(3_000);
    expect(c.status('a').foundHistory).toBeUndefined();
    c.force('a');
    c.stabilize();
    expect(c.get('a', 'k').value).toBe('of a');
  });

  it('a replica with another history is not released by a move, and stops as one that may hold the last copy', () => {
    const c = twoHistories();
    c.place('b c');
    c.advance(5_000);
    expect(c.node('a').stopped).toBe('no');
    c.stop('a', 3_000);
    c.advance(2_000);
    expect(c.node('a').stopped).toBe('no');
    c.advance(2_000);
    expect(c.node('a').stopped).toBe('unclean');
    expect(c.primary).toBe('b');
  });

  it('where the other history has ended, a replica with data neither begins after it nor leaves', () => {
    const c = twoHistories();
    c.pause('a');
    c.until(() => c.cluster.ensemble.candidates.length === 2, 'its session lives');
    c.stop('c');
    c.until(() => c.node('c').stopped === 'clean', 'c never stops');
    c.stop('b');
    c.until(() => c.node('b').stopped === 'clean', 'b never stops');
    expect(c.state).toMatchObject({ primary: undefined, inSync: [] });
    c.resume('a');
    c.reconnect('a');
    c.advance(5_000);
    expect(c.state).toMatchObject({ primary: undefined });
    expect(c.status('a')).toMatchObject({ lastSeq: 1, offline: true, foundHistory: c.state });
    c.place('b c');
    c.advance(5_000);
    expect(c.node('a').stopped).toBe('no');
    c.force('a', [c.state!.history]);
    c.until(() => c.primary === 'a', 'a does not go on');
    expect(c.get('a', 'k').value).toBe('of a');
  });

  it('a primary that stops first writes the ids that a command gave up', () => {
    const c = twoHistories({ volatile: false });
    c.kill('c');
    c.until(() => c.inSync.join() === 'b', 'c is not evicted');
    c.node('b').session.held = true;
    const call = c.force('b', [c.status('a').line!.history]);
    c.stop('b');
    c.advance(500);
    expect([outcome(call), c.node('b').stopped]).toEqual(['none yet', 'no']);
    c.node('b').session.held = false;
    c.until(() => c.node('b').stopped === 'clean', 'b never stops');
    expect(outcome(call)).toBe('forced');
  });
});
