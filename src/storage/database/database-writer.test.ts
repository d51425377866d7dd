import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ModelDatabase } from './model-database.fixture.js';
import { DatabaseError } from './state-database.js';
import { DatabaseNode, numbersIn } from './stored-replica.fixture.js';

const mebibyte = 1_024 * 1_024;

function newNode(options?: ConstructorParameters<typeof DatabaseNode>[1]): DatabaseNode<ModelDatabase> {
  return new DatabaseNode(new ModelDatabase(), options);
}

/** Gives the writer the turns that it takes to do what it can do. */
async function whileItWorks(): Promise<void> {
  for (let number = 0; number < 20; number++) await turn();
}

/** What another process would find. */
function storedIn(node: DatabaseNode<ModelDatabase>): ModelDatabase {
  return new ModelDatabase(node.database.disk);
}

describe('a writer, which lets the log come first,', () => {
  it('commits only what the log has flushed', async () => {
    const node = newNode();
    const replica = node.create(0);
    await node.writer.settle();
    let flushed!: () => void;
    node.logFlushed = new Promise((resolve) => {
      flushed = resolve;
    });
    replica.put('a', 'one');
    await whileItWorks();
    expect(storedIn(node).get(0, 'a')).toBeUndefined();
    expect(replica.engine.get('a')).toMatchObject({ version: 1 });
    flushed();
    await node.writer.settle();
    expect(storedIn(node).get(0, 'a')).toMatchObject({ version: 1 });
  });

  it('waits for entries that are not in the log yet, and goes on with other shards', async () => {
    const node = newNode();
    const [waiting, other] = [node.create(0), node.create(1)];
    await node.writer.settle();
    waiting.log.appendedSeq = 1;
    waiting.put('a', 'one');
    waiting.put('a', 'two');
    other.put('b', 'one');
    await whileItWorks();
    expect([waiting.engine.committedSeq, other.engine.committedSeq]).toEqual([0, 1]);
    waiting.log.append(2);
    await node.writer.settle();
    expect(waiting.engine.committedSeq).toBe(2);
  });

  it('begins a copy only once the log has its reset', async () => {
    const node = newNode();
    const replica = node.create(0);
    replica.put('a', 'one');
    await node.writer.settle();
    replica.log.appendedSeq = -1;
    replica.reset(true);
    await whileItWorks();
    expect(storedIn(node).found[0]?.position).toMatchObject({ resets: 1, seq: 1, complete: true });
    replica.log.append(0);
    await node.writer.settle();
    expect(storedIn(node).found[0]?.position).toMatchObject({ resets: 2, seq: 0, complete: true });
  });
});

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

describe('a writer, when a copy is discarded,', () => {
  it('shows nothing of it, although a commit of it is under way', async () => {
    const node = newNode();
    const replica = node.create(0);
    replica.put('a', 'one');
    await node.writer.settle();
    node.database.holdsWrites = true;
    replica.put('b', 'two');
    while (node.database.heldWrites === 0) await turn();
    replica.reset(true, 7);
    replica.put('c', 'three');
    for (const key of ['a', 'b']) expect(replica.engine.get(key)).toBeUndefined();
    node.database.releaseAll();
    await node.writer.settle();
    for (const key of ['a', 'b']) expect(replica.engine.get(key)).toBeUndefined();
    expect(replica.engine.get('c')).toMatchObject({ version: 8 });
    expect(replica.engine).toMatchObject({ keyCount: 1, committedSeq: 8, memoryBytes: 0 });
    expect(storedIn(node).found[0]?.position).toMatchObject({ resets: 2, seq: 8, complete: true });
  });

  it('removes its rows in portions, and commits what other shards have applied between them', async () => {
    const node = newNode();
    const [discarded, other] = [node.create(0), node.create(1)];
    for (let number = 0; number < 2_500; number++) discarded.put(`key ${number}`, 'x');
    await node.writer.settle();
    discarded.reset(true);
    discarded.put('key 3', 'new');
    while (node.database.calls.at(-1) !== 'remove 0') await turn();
    expect(storedIn(node).found.find(({ shard }) => shard === 0)).toMatchObject({
      position: { complete: false },
      totals: { keys: 1_500 },
    });
    other.put('a', 'one');
    while (other.engine.committedSeq === 0) await turn();
    expect(discarded.engine.committedSeq).toBeUndefined();
    await node.writer.settle();
    expect(discarded.engine).toMatchObject({ keyCount: 1, committedSeq: 1 });
  });

  it('removes the rows of a shard that is gone, whose next replica begins empty', async () => {
    const node = newNode();
    const replica = node.create(0);
    replica.put('a', 'one');
    await node.writer.settle();
    replica.put('b', 'two');
    node.writer.forget(0);
    await whileItWorks();
    expect(storedIn(node).found).toEqual([]);
    expect(storedIn(node).page(0, { from: '', most: 10, maxBytes: 10 })).toEqual({ rows: [], isExhausted: true });
    expect(node.writer.overlayBytes).toBe(0);
    const next = node.create(0);
    next.put('c', 'three');
    expect(next.engine.get('a')).toBeUndefined();
    await node.writer.settle();
    expect(next.engine).toMatchObject({ keyCount: 1, committedSeq: 1 });
  });
});

describe('a writer of a snapshot that is received', () => {
  const items = ['a', 'b'].map((key, index) => ({ key, value: Buffer.from(key), version: index + 1 }));

  it('has a position only once the snapshot is complete, which it then reports as durable', async () => {
    const node = newNode();
    const replica = node.create(0);
    replica.put('old', 'one');
    await node.writer.settle();
    replica.reset(false, 5);
    replica.load(items);
    expect(replica.engine.get('a')).toMatchObject({ version: 1 });
    await whileItWorks();
    expect(storedIn(node).found[0]).toMatchObject({
      position: { resets: 2, complete: false },
      requests: [],
      totals: { keys: 2 },
    });
    replica.numbers = [3, 4];
    replica.put('a', 'newer');
    await whileItWorks();
    await replica.finishLoad();
    expect(storedIn(node).found[0]).toMatchObject({ position: { resets: 2, complete: true, seq: 6 }, totals: { keys: 2 } });
    expect(numbersIn(storedIn(node).found[0]!)).toEqual([3, 4, 6]);
    expect(node.database.disk.unflushed).toBe(0);
  });

  it('completes it, although the log waits for that with the entries that are applied next', async () => {
    const node = newNode();
    const replica = node.create(0);
    replica.reset(false, 5);
    replica.log.appendedSeq = 5;
    replica.load(items);
    const finished = replica.finishLoad();
    replica.put('c', 'three');
    await finished;
    expect(storedIn(node).found[0]?.position).toMatchObject({ complete: true, seq: 5 });
    replica.log.append(6);
    await node.writer.settle();
    expect(replica.engine.committedSeq).toBe(6);
  });

  it('completes it even if the copy is discarded meanwhile, so that the log goes on', async () => {
    const node = newNode();
    const replica = node.create(0);
    replica.reset(false, 5);
    replica.load(items);
    const finished = replica.finishLoad();
    replica.reset(true, 9);
    await finished;
    await node.writer.settle();
    expect(storedIn(node).found[0]).toMatchObject({ position: { resets: 3, seq: 9 }, totals: { keys: 0 } });
  });

  it('removes the copy of a replica that has left before its log had the reset', async () => {
    const node = newNode();
    const replica = node.create(0);
    replica.put('a', 'one');
    await node.writer.settle();
    replica.log.appendedSeq = -1;
    replica.reset(false, 5);
    replica.load(items);
    await whileItWorks();
    node.writer.forget(0);
    await whileItWorks();
    expect(storedIn(node).found).toEqual([]);
    expect(storedIn(node).page(0, { from: '', most: 10, maxBytes: 10 })).toEqual({ rows: [], isExhausted: true });
  });

  it('refuses to complete it at another position than that of the storage', async () => {
    const replica = newNode().create(0);
    replica.reset(false, 5);
    replica.complete = true;
    await expect(replica.engine.complete(4)).rejects.toThrow('applied up to 5');
  });
});

describe('a writer, whose memory is bounded,', () => {
  it('makes others wait while too much waits for the database', async () => {
    const node = newNode({ maxOverlayBytes: 10_000 });
    const [one, other] = [node.create(0), node.create(1)];
    await node.writer.settle();
    node.database.holdsWrites = true;
    one.put('a', 'x'.repeat(6_000));
    expect(node.writer.backlog).toBeUndefined();
    other.put('a', 'x'.repeat(6_000));
    const { backlog } = node.writer;
    expect(backlog).toBeDefined();
    expect(one.engine.backlog).toBe(backlog);
    let hasRoom = false;
    void backlog!.then(() => {
      hasRoom = true;
    });
    await whileItWorks();
    expect(hasRoom).toBe(false);
    node.database.releaseAll();
    await backlog;
    await node.writer.settle();
    expect([node.writer.overlayBytes, node.writer.backlog, one.engine.memoryBytes]).toEqual([0, undefined, 0]);
  });

  it('counts the newest row of a key only', async () => {
    const node = newNode();
    const replica = node.create(0);
    replica.put('a', 'x'.repeat(1_000));
    const bytes = node.writer.overlayBytes;
    for (let number = 0; number < 100; number++) replica.put('a', 'x'.repeat(1_000));
    expect(node.writer.overlayBytes).toBe(bytes);
  });

  it('divides what many shards have applied into commits of a bounded size', async () => {
    const node = newNode();
    const replicas = [0, 1, 2, 3].map((shard) => node.create(shard));
    await node.writer.settle();
    const before = node.database.commits.length;
    for (const replica of replicas) replica.put('a', 'x'.repeat(5 * mebibyte));
    await node.writer.settle();
    const commits = node.database.commits.slice(before);
    expect(commits.map(({ length }) => length)).toEqual([2, 2]);
    expect(new Set(commits.flat().map(({ shard }) => shard)).size).toBe(4);
  });
});

describe('a writer, whose database is slower than the replicas,', () => {
  it('gives each commit a bounded part of what one shard has applied, with the position of that part', async () => {
    const node = newNode();
    const replica = node.create(0);
    await node.writer.settle();
    const before = node.database.commits.length;
    node.database.holdsWrites = true;
    for (let number = 0; number < 40; number++) {
      for (let row = 0; row < 10; row++) replica.put(`key ${number * 10 + row}`, 'x'.repeat(mebibyte / 10));
      await turn();
    }
    node.database.releaseAll();
    await node.writer.settle();
    const commits = node.database.commits.slice(before).flat();
    expect(Math.max(...commits.map(({ rows }) => rows.length))).toBeLessThanOrEqual(100);
    for (const { rows, position } of commits) expect(rows.at(-1)!.version).toBe(position!.seq);
    expect(commits.at(-1)!.position!.seq).toBe(400);
    expect(replica.engine.memoryBytes).toBe(0);
  });
});

describe('a writer, which flushes,', () => {
  it('reports a position only once it survives a loss of power', async () => {
    const node = newNode();
    const replica = node.create(0);
    const covered: number[] = [];
    replica.engine.onCovered = (seq) => covered.push(seq);
    replica.put('a', 'one');
    while (replica.engine.committedSeq !== 1) await turn();
    expect([replica.engine.flushedSeq, covered]).toEqual([undefined, []]);
    node.database.holdsWrites = true;
    node.writer.flushSoon();
    replica.put('a', 'two');
    while (node.database.heldWrites < 2) await turn();
    node.database.releaseAll();
    while (covered.length === 0) await turn();
    expect(covered).toEqual([1]);
    await node.writer.settle();
    expect(covered).toEqual([1, 2]);
    expect(node.database.disk.unflushed).toBe(0);
  });

  it('reports each commit with its rows and its time, and how much is not flushed', async () => {
    const commits: { durationMs: number; rows: number }[] = [];
    const node = newNode({ onCommitted: (commit) => commits.push(commit) });
    const replica = node.create(0);
    await node.writer.settle();
    commits.length = 0;
    replica.apply([{ key: 'a', value: Buffer.from('one') }], [{ key: 'b', value: undefined }]);
    expect(replica.engine.unflushedEntries).toBe(2);
    while (replica.engine.lagEntries > 0) await turn();
    expect(replica.engine.unflushedEntries).toBe(2);
    expect(commits).toEqual([{ durationMs: expect.any(Number), rows: 2 }]);
    await node.writer.settle();
    expect(replica.engine.unflushedEntries).toBe(0);
  });

  it('closes once the call under way has been answered, and begins no other', async () => {
    const node = newNode();
    const replica = node.create(0);
    await node.writer.settle();
    node.database.holdsWrites = true;
    replica.put('a', 'one');
    while (node.database.heldWrites === 0) await turn();
    replica.put('b', 'two');
    let isClosed = false;
    const closed = node.writer.close().then(() => {
      isClosed = true;
    });
    await whileItWorks();
    expect(isClosed).toBe(false);
    node.database.releaseAll();
    await closed;
    await whileItWorks();
    expect(storedIn(node).found[0]?.position.seq).toBe(1);
  });
});

describe('reads that come by a promise', () => {
  it('pass as due only what is due when it is passed', async () => {
    const node = newNode();
    const replica = node.create(0);
    for (const key of ['deleted', 'changed', 'committed', 'due']) replica.put(key, 'x', 10);
    await node.writer.settle();
    node.database.answersByPromise = true;
    node.database.holdsReads = true;
    const found = new Promise((resolve) => replica.engine.due(100, 10, resolve));
    replica.delete('deleted');
    replica.put('committed', 'x', 900);
    await node.writer.settle();
    replica.put('changed', 'x', 800);
    node.database.releaseReads();
    expect(await found).toEqual([{ key: 'due', expiresAtMs: 10 }]);
    expect(replica.engine.earliestExpiryMs).toBe(10);
  });

  it('find nothing of a copy that was discarded meanwhile', async () => {
    const node = newNode();
    const replica = node.create(0);
    replica.put('a', 'x', 10);
    await node.writer.settle();
    node.database.answersByPromise = true;
    node.database.holdsReads = true;
    const due = new Promise((resolve) => replica.engine.due(100, 10, resolve));
    const page = replica.engine.range({ from: '', most: 10, maxBytes: 1_000 });
    replica.reset(true);
    replica.put('b', 'y');
    node.database.releaseReads();
    expect(await due).toEqual([]);
    expect(await page).toMatchObject({ items: [{ key: 'b' }], isExhausted: true });
  });

  it('do not show a row that a newer one, applied and not committed, has replaced', async () => {
    const node = newNode();
    const replica = node.create(0);
    for (const key of ['a', 'b', 'c']) replica.put(key, 'old');
    await node.writer.settle();
    node.database.answersByPromise = true;
    node.database.holdsReads = true;
    replica.put('a', 'new');
    replica.delete('b');
    const page = replica.engine.range({ from: '', most: 10, maxBytes: 1_000 });
    const scanned: string[] = [];
    const scan = (async () => {
      for await (const _ of replica.engine.scan(1_000, ({ memory, keyEnd }) => scanned.push(memory.toString('utf8', 0, keyEnd))));
    })();
    await whileItWorks();
    node.database.releaseReads();
    expect((await page).items).toMatchObject([
      { key: 'a', version: 4 },
      { key: 'c', version: 3 },
    ]);
    await scan;
    expect(scanned).toEqual(['a', 'c']);
  });
});
