import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { numbersIn } from './stored-replica.fixture.js';
import { newNode, storedIn, whileItWorks } from './writer-node.fixture.js';

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
