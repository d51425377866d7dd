import { describe, expect, it } from 'vitest';
import { DatabaseError } from './state-database.js';
import { numbersIn } from './stored-replica.fixture.js';
import { newNode, storedIn, whileItWorks } from './writer-node.fixture.js';

describe('a writer whose database fails', () => {
  it('repeats a commit until it is answered, also if it was executed', async () => {
    const node = newNode();
    const replica = node.create(0);
    await node.writer.settle();
    node.database.lostAnswers = 2;
    replica.put('a', 'one', 70);
    replica.put('b', 'two');
    replica.delete('b');
    await node.writer.settle();
    expect(replica.engine).toMatchObject({ keyCount: 1, expiringCount: 1, dataBytes: 4, committedSeq: 3 });
    expect(numbersIn(storedIn(node).found[0]!)).toEqual([1, 2, 3]);
    expect(node.failures.map(({ message }) => message)).toEqual(['the answer is lost']);
  });

  it('keeps what was applied readable while the database is away, and lets other reads wait', async () => {
    const node = newNode();
    const replica = node.create(0);
    replica.put('a', 'one');
    await node.writer.settle();
    node.database.isAway = true;
    replica.put('b', 'two');
    const [waiting, head] = [replica.engine.get('a'), replica.engine.head('a')];
    expect(replica.engine.get('b')).toMatchObject({ version: 2 });
    await whileItWorks();
    expect(node.writer.unavailableForMs()).toBeGreaterThan(0);
    expect(node.writer.waitingReads).toBe(2);
    node.database.isAway = false;
    expect(await waiting).toMatchObject({ value: new Uint8Array(Buffer.from('one')) });
    expect(await head).toEqual({ version: 1, expiresAtMs: undefined });
    await node.writer.settle();
    expect(node.writer.unavailableForMs()).toBe(0);
    expect(node.writer.waitingReads).toBe(0);
  });

  it.each([
    ['shows in probes, so a scan that takes long does not count', true],
    ['does not show in probes, so a scan that waits counts', false],
  ])('while the absence of its database %s', async (_what, hasProbes) => {
    const node = newNode();
    if (hasProbes) Object.assign(node.database, { ping: () => Promise.resolve() });
    const replica = node.create(0);
    replica.put('a', 'one');
    await node.writer.settle();
    node.database.answersByPromise = true;
    node.database.holdsReads = true;
    const page = replica.engine.range({ from: '', most: 10, maxBytes: 1_000 });
    await whileItWorks();
    expect(node.writer.waitingReads).toBe(1);
    expect(node.writer.unavailableForMs() > 0).toBe(!hasProbes);
    const found = replica.engine.get('a');
    await whileItWorks();
    expect(node.writer.unavailableForMs()).toBeGreaterThan(0);
    node.database.releaseReads();
    await Promise.all([page, found]);
    await node.writer.close();
  });

  it('answers reads while the database is read-only', async () => {
    const node = newNode();
    const replica = node.create(0);
    replica.put('a', 'one');
    await node.writer.settle();
    node.database.isReadOnly = true;
    replica.put('b', 'two');
    await whileItWorks();
    expect(replica.engine.get('a')).toMatchObject({ version: 1 });
    expect(replica.engine.committedSeq).toBe(1);
    node.database.isReadOnly = false;
    await node.writer.settle();
    expect(replica.engine.committedSeq).toBe(2);
  });

  it('reports a database that is lost', async () => {
    const node = newNode();
    node.database.commit = () => Promise.reject(new DatabaseError('somebody else writes', { isLost: true }));
    node.create(0).put('a', 'one');
    expect(await node.writer.failure).toMatchObject({ message: 'somebody else writes' });
    const other = newNode();
    other.database.lose(new Error('the disk is gone'));
    expect(await other.writer.failure).toMatchObject({ message: 'the disk is gone' });
  });
});
