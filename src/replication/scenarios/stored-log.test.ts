/** A replica that returns with its data takes what it lacks from the primary's log on disk, also far below the log in memory (R10). */
import { describe, expect, it } from 'vitest';
import type { Event } from '../protocol/event.js';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

const onDisk = { volatile: false, retainEntries: 4, maxBatchEntries: 3 } as const;

/** Node c has the first 3 of 40 entries; the log in memory of a and b begins far above that. */
function withoutC(): Scenario {
  const c = Scenario.of('a b c', onDisk);
  putMany(c, 'a', 3);
  c.advance(300);
  c.kill('c');
  forgotten(c, 'a', 'c');
  putMany(c, 'a', 37);
  c.advance(300);
  return c;
}

/** Nothing is kept in memory any more for this peer: its session has ended. */
function forgotten(c: Scenario, primary: string, peer: string): void {
  c.until(() => !c.inSync.includes(peer), `${peer} is not taken out`);
  c.until(() => c.status(primary).peers.every(({ replicaId }) => !replicaId.startsWith(peer)), `${peer} is not forgotten`);
}

function putMany(c: Scenario, name: string, count: number): void {
  for (let put = 0; put < count; put++) {
    const call = c.put(name, `k${put % 5}`, `v${put}`);
    c.deliverAll();
    expect(outcome(call)).toContain('written');
  }
}

function notesOf(c: Scenario, name: string, kind: string) {
  return c.node(name).notes.filter((note) => note.kind === kind);
}

function expectSame(c: Scenario, ...names: string[]): void {
  const [first, ...others] = names.map((name) => Object.fromEntries(c.node(name).store.items));
  for (const other of others) expect(other).toEqual(first);
}

describe('entries from the log on disk (R10)', () => {
  it('a replica that returns with its data takes the entries that it lacks, and no snapshot', () => {
    const c = withoutC();
    c.startAgain('c');
    c.stabilize();
    expect(c.cluster.snapshots).toEqual([]);
    expect(notesOf(c, 'a', 'readsStoredLog')).toMatchObject([{ peer: 'c~1', fromSeq: 4 }]);
    expect(c.status('c').appliedSeq).toBe(40);
    expectSame(c, 'a', 'c');
  });

  it('a primary that has just started again, and holds next to nothing in memory, gives the whole log', () => {
    const c = withoutC();
    c.kill('a', 'b');
    c.startAgain('a', 'b');
    c.until(() => c.primary !== undefined, 'no primary');
    const primary = c.primary!;
    c.startAgain('c');
    c.stabilize();
    expect(c.cluster.snapshots).toEqual([]);
    expect(notesOf(c, primary, 'readsStoredLog')).toMatchObject([{ peer: 'c~1', fromSeq: 4 }]);
    expectSame(c, 'a', 'b', 'c');
  });

  it('one batch at a time is read and sent, and none is larger than any other', () => {
    const c = withoutC();
    const { disk } = c.node('a');
    const read = disk.read.bind(disk);
    const held: unknown[] = [];
    disk.read = (firstSeq, ...rest) => {
      held.push([c.status('a').peers.find(({ replicaId }) => replicaId === 'c~1')?.ackedSeq, c.status('c').lastSeq]);
      return read(firstSeq, ...rest);
    };
    c.startAgain('c');
    c.stabilize();
    expect(held.length).toBeGreaterThan(10);
    expect(held).toEqual(held.map((_, index) => [3 + 3 * index, 3 + 3 * index]));
    const sent = c.sent('append', 'a').filter(({ to }) => to === 'c~1');
    expect(Math.max(...sent.map(({ body }) => body.entries.length))).toBe(3);
  });

  it('entries that were cut are not sent, although they are on the disk', () => {
    const c = Scenario.of('a b c', onDisk);
    putMany(c, 'a', 3);
    c.advance(300);
    c.kill('c');
    forgotten(c, 'a', 'c');
    // Entry 4 reaches a's disk only.
    c.partition('a', 'b');
    c.put('a', 'k', 'lost');
    c.deliverAll();
    expect(c.node('a').disk.lastSeq).toBe(4);
    c.expire('a');
    c.until(() => c.inSync.join() === 'b', 'b does not take over');
    forgotten(c, 'b', 'a');
    putMany(c, 'b', 37);
    c.heal();
    c.reconnect('a');
    c.until(() => c.inSync.join() === 'a,b', 'a does not return');
    expect(c.cluster.snapshots).toEqual([]);
    c.kill('b');
    c.until(() => c.primary === 'a', 'a does not take over');
    c.startAgain('c');
    c.until(() => c.inSync.join() === 'a,c', 'c does not return');
    expect(c.cluster.snapshots).toEqual([]);
    expect(notesOf(c, 'a', 'readsStoredLog')).toMatchObject([{ peer: 'c~1', fromSeq: 4 }]);
    expect(c.node('c').store.items.get('k')).toBeUndefined();
    expectSame(c, 'a', 'c');
  });

  it('a replica that cuts what only it had written takes the rest from the disk', () => {
    const c = Scenario.of('a b', onDisk);
    putMany(c, 'a', 3);
    c.advance(300);
    c.partition('a', 'b');
    c.put('a', 'k', 'lost');
    c.deliverAll();
    c.kill('a');
    c.until(() => c.primary === 'b', 'b does not take over');
    forgotten(c, 'b', 'a');
    putMany(c, 'b', 37);
    c.heal();
    c.startAgain('a');
    c.stabilize();
    expect(c.cluster.snapshots).toEqual([]);
    expect(notesOf(c, 'b', 'readsStoredLog')).toMatchObject([{ peer: 'a~1', fromSeq: 4 }]);
    expectSame(c, 'a', 'b');
  });

  it('nothing is read where the disk does not reach back far enough', () => {
    const c = withoutC();
    c.node('a').removeSegments(30);
    c.startAgain('c');
    c.stabilize();
    expect(c.cluster.snapshots).toHaveLength(1);
    expect(notesOf(c, 'a', 'readsStoredLog')).toEqual([]);
    expectSame(c, 'a', 'c');
  });

  it('segments that are removed while the peer catches up: it takes a snapshot', () => {
    const c = withoutC();
    const a = c.node('a');
    const read = a.disk.read.bind(a.disk);
    a.disk.read = (firstSeq, ...rest) => {
      if (firstSeq > 6) a.removeSegments(30);
      return read(firstSeq, ...rest);
    };
    c.startAgain('c');
    c.stabilize();
    expect(notesOf(c, 'a', 'storedLogUnavailable')).toMatchObject([{ peer: 'c~1', fromSeq: 7 }]);
    expect(c.cluster.snapshots).toHaveLength(1);
    expectSame(c, 'a', 'c');
  });

  it('entries of another epoch than those of the log are not sent: the peer takes a snapshot', () => {
    const c = withoutC();
    const { disk } = c.node('a');
    const read = disk.read.bind(disk);
    disk.read = (...args) => read(...args)?.map((entry) => ({ ...entry, epoch: entry.epoch + 1 }));
    c.startAgain('c');
    c.stabilize();
    expect(notesOf(c, 'a', 'storedLogUnavailable')).toMatchObject([{ peer: 'c~1', fromSeq: 4 }]);
    expect(c.cluster.snapshots).toHaveLength(1);
    expectSame(c, 'a', 'c');
  });

  it.each([
    ['with a gap', 1],
    ['none', 40],
  ])('entries %s: the peer takes a snapshot', (_, missing) => {
    const c = withoutC();
    const { disk } = c.node('a');
    const read = disk.read.bind(disk);
    disk.read = (...args) => read(...args)?.slice(missing);
    c.startAgain('c');
    c.stabilize();
    expect(c.cluster.snapshots).toHaveLength(1);
    expectSame(c, 'a', 'c');
  });

  it('an answer that belongs to an older Sync is ignored', () => {
    const c = withoutC();
    const a = c.node('a');
    const answers: Event[] = [];
    const handle = a.handle.bind(a);
    a.handle = (event) => (event.type === 'logRead' && answers.length === 0 ? void answers.push(event) : handle(event));
    c.startAgain('c');
    c.until(() => answers.length === 1, 'nothing is read');
    c.breakLink('a', 'c');
    c.until(() => c.status('c').lastSeq > 10, 'the log is not read again');
    const before = c.sent('append', 'a').length;
    handle(answers[0]!);
    expect(c.sent('append', 'a')).toHaveLength(before);
    c.stabilize();
    expect(c.cluster.snapshots).toEqual([]);
    expectSame(c, 'a', 'c');
  });
});
