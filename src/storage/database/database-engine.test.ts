import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ModelDatabase } from './model-database.fixture.js';
import { DatabaseNode, numbersIn } from './stored-replica.fixture.js';

describe('the state of a replica in a database', () => {
  it('shows what was applied at once, and has it in the database with its position soon', async () => {
    const node = new DatabaseNode(new ModelDatabase());
    const replica = node.create(3);
    replica.put('a', 'one', 500);
    replica.delete('b');
    expect(replica.engine.get('a')).toEqual({ value: Buffer.from('one'), version: 1, expiresAtMs: 500 });
    expect(replica.engine.head('b')).toBeUndefined();
    await node.writer.settle();
    expect(replica.engine).toMatchObject({
      keyCount: 1,
      expiringCount: 1,
      dataBytes: 4,
      memoryBytes: 0,
      committedSeq: 2,
      flushedSeq: 2,
    });
    expect(replica.engine.head('a')).toEqual({ version: 1, expiresAtMs: 500 });
    const [found] = new ModelDatabase(node.database.disk).found;
    expect(found?.position).toMatchObject({ complete: true, resets: 1, seq: 2, throughSeq: 2, epochId: 'epoch 1', timeMs: 20 });
    expect(numbersIn(found!)).toEqual([1, 2]);
  });

  it('gathers what all shards have applied in a turn into one commit', async () => {
    const node = new DatabaseNode(new ModelDatabase());
    const replicas = [0, 1, 2].map((shard) => node.create(shard));
    await node.writer.settle();
    const before = node.database.commits.length;
    for (const replica of replicas) for (let number = 0; number < 5; number++) replica.put(`key ${number}`, 'x');
    await node.writer.settle();
    const commits = node.database.commits.slice(before);
    expect(commits.map((changes) => changes.map(({ rows }) => rows.length))).toEqual([[5, 5, 5]]);
  });

  it('has one commit under way, and gathers the next one meanwhile', async () => {
    const node = new DatabaseNode(new ModelDatabase());
    const replica = node.create(0);
    await node.writer.settle();
    node.database.holdsWrites = true;
    replica.put('a', 'one');
    while (node.database.heldWrites === 0) await turn();
    replica.put('a', 'two');
    replica.put('b', 'two');
    await turn();
    expect(node.database.heldWrites).toBe(1);
    expect(replica.engine.get('a')).toMatchObject({ value: Buffer.from('two') });
    node.database.releaseAll();
    await node.writer.settle();
    expect(node.database.commits.slice(-2).map(([change]) => change!.rows.map(({ key }) => key))).toEqual([['a'], ['a', 'b']]);
    expect(replica.engine.committedSeq).toBe(3);
  });
});
