import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { mebibyte, newNode, storedIn, whileItWorks } from './writer-node.fixture.js';

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
