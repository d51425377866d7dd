import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { realFiles } from '../../storage/wal/log-files.js';
import { threadOn } from '../../storage/wal/wal.fixture.js';
import { expectFound, itemsOf, overwrite, smallLog, TestFolders } from './disk-data.fixture.js';
import { deleting, TestReplica, writing } from './test-replica.fixture.js';

const folders = new TestFolders();

afterEach(() => folders.removeAll());

function bytesIn(path: string): number {
  return readdirSync(path).reduce((bytes, name) => bytes + statSync(join(path, name)).size, 0);
}

describe('data on disk', () => {
  test('writes of several shards are found again after a crash', async () => {
    const path = folders.create();
    const data = await folders.open(path);
    expect(data.recovered).toEqual([]);
    const replicas = [0, 1, 3].map((shard) => TestReplica.create(data, shard));
    for (const replica of replicas) {
      replica.setEpoch(1);
      replica.append([writing('a', 'one')], [writing('b', 'two', 500), writing('c', 'three')]);
      replica.apply(2);
      replica.append([deleting('a'), writing('d', `${replica.shard}`)]);
      replica.setEpoch(2);
      replica.append([writing('e', 'five')]);
      await replica.durable;
    }
    const found = await folders.open(folders.copyOf(path));
    expect(found.recovered.map(({ replicaId }) => replicaId)).toEqual(replicas.map(({ replicaId }) => replicaId));
    for (const [index, recovered] of found.recovered.entries()) {
      await expectFound(recovered, replicas[index]!);
      expect(recovered.replica).toMatchObject({ history: 'history', epoch: 2, epochId: 'epoch 2', appliedSeq: 2 });
      expect(recovered.replica.line).toEqual({ history: 'history', lineage: [{ epoch: 2, id: 'epoch 2' }] });
    }
  });

  test('a replica goes on with the data of an earlier process, again and again', async () => {
    const path = folders.create();
    let replica = TestReplica.create(await folders.open(path), 2);
    for (let run = 1; run <= 5; run++) {
      replica.setEpoch(run);
      replica.append([writing('run', `${run}`), writing(`key ${run}`, 'value', run)], [deleting(`key ${run - 1}`)]);
      replica.apply(1);
      await replica.durable;
      await folders.newest.close(true);
      const [recovered] = (await folders.open(path)).recovered;
      await expectFound(recovered!, replica);
      expect(recovered!.replicaId).toBe(replica.replicaId);
      replica = replica.revived(recovered!);
    }
  });

  test('where keys are overwritten, log and snapshots stay bounded, and everything is found again', async () => {
    const path = folders.create();
    const data = await folders.open(path, smallLog);
    const [busy, idle] = [TestReplica.create(data, 0), TestReplica.create(data, 1)];
    idle.setEpoch(1);
    idle.append([writing('old', 'value', 7)]);
    idle.apply();
    busy.setEpoch(1);
    for (let round = 0; round < 10; round++) {
      await overwrite(busy, 500_000);
      expect(bytesIn(join(path, 'wal'))).toBeLessThanOrEqual(1024 * 1024);
    }
    expect(bytesIn(join(path, 'snapshots'))).toBeLessThan(100_000);
    const found = await folders.open(folders.copyOf(path), smallLog);
    for (const [index, replica] of [busy, idle].entries()) await expectFound(found.recovered[index]!, replica);
    expect(readdirSync(join(path, 'snapshots')).some((name) => name.startsWith('1-'))).toBe(true);
  });

  test('where more is written than the log has room for, it waits until snapshots have made room', async () => {
    const path = folders.create();
    const data = await folders.open(path, smallLog);
    const replicas = [0, 1, 2].map((shard) => TestReplica.create(data, shard));
    const value = 'v'.repeat(5_000);
    for (let round = 0; round < 100; round++) {
      for (const replica of replicas) {
        replica.append([writing(`key ${round % 10}`, value)], [writing('round', `${round}`)]);
        const { lastSeq } = replica;
        void replica.durable.then(() => replica.apply(lastSeq - replica.appliedSeq));
      }
    }
    await Promise.all(replicas.map(({ durable }) => durable));
    const found = await folders.open(folders.copyOf(path), smallLog);
    for (const [index, replica] of replicas.entries()) await expectFound(found.recovered[index]!, replica);
  });

  test('where the disk is full long before the log is too large, snapshots let old segments go, so writes go on', async () => {
    const path = folders.create();
    const open: typeof realFiles.open = (file, how) => {
      if (how === 'create' && readdirSync(join(path, 'wal')).length >= 4)
        throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      return realFiles.open(file, how);
    };
    const startThread = () => threadOn({ ...realFiles, open });
    const data = await folders.open(path, { log: { segmentBytes: 64 * 1024, startThread } });
    const replica = TestReplica.create(data, 0);
    await overwrite(replica, 400_000);
    expect(bytesIn(join(path, 'wal'))).toBeLessThanOrEqual(4 * 64 * 1024);
    await expectFound((await folders.open(folders.copyOf(path))).recovered[0]!, replica);
  });

  test('entries that are not applied for long do not keep the log from getting shorter', async () => {
    const path = folders.create();
    const data = await folders.open(path, smallLog);
    const [busy, stuck] = [TestReplica.create(data, 0), TestReplica.create(data, 1)];
    stuck.setEpoch(1);
    stuck.append([writing('a', 'one')], [writing('b', 'two')]);
    stuck.apply(1);
    stuck.setEpoch(2);
    stuck.append([writing('a', 'three'), deleting('b')], [writing('c', 'four')]);
    busy.setEpoch(1);
    await overwrite(busy, 2_000_000);
    const copy = folders.copyOf(path);
    expect(Math.min(...readdirSync(join(path, 'wal')).map(Number.parseFloat))).toBeGreaterThan(5);
    const found = await folders.open(copy, smallLog);
    await expectFound(found.recovered[1]!, stuck);
    // What is found can be cut and written anew, and is found again then.
    const revived = stuck.revived(found.recovered[1]!);
    revived.truncate(2);
    revived.setEpoch(3);
    revived.append([writing('d', 'five')]);
    await revived.durable;
    await expectFound((await folders.open(folders.copyOf(copy), smallLog)).recovered[1]!, revived);
  });

  test('a replica that has left is never revived, and leaves no files', async () => {
    const path = folders.create();
    const data = await folders.open(path, smallLog);
    const replica = TestReplica.create(data, 0);
    await overwrite(replica, 1_000_000);
    expect(readdirSync(join(path, 'snapshots')).length).toBeGreaterThan(0);
    data.discard(0, replica.replicaId);
    const next = TestReplica.create(data, 0);
    next.append([writing('a', 'new')]);
    await next.durable;
    await data.close(true);
    const found = await folders.open(path, smallLog);
    expect(found.recovered.map(({ replicaId }) => replicaId)).toEqual([next.replicaId]);
    await expectFound(found.recovered[0]!, next);
    expect(readdirSync(join(path, 'snapshots'))).toEqual([]);
  });

  test('where the log is flushed at intervals, flushes are reported after the writes that they cover', async () => {
    const data = await folders.open(folders.create(), { log: { syncIntervalMs: 20 } });
    const replica = TestReplica.create(data, 0);
    const flushed: number[] = [];
    const all = new Promise<void>((resolve) => {
      replica.storage.watchFlushes?.((persists) => flushed.push(persists) && persists === 4 && resolve());
    });
    replica.append([writing('a', 'one')]);
    await replica.durable;
    expect(flushed).toEqual([]);
    replica.reset(10, false);
    replica.finishLoad();
    replica.append([writing('b', 'two')]);
    await all;
    expect(flushed.toSorted((one, other) => one - other)).toEqual(flushed);
    expect((await folders.open(folders.create())).create(1, '127.0.0.1:9090~00000000000000aa').watchFlushes).toBeUndefined();
  });

  test('a node that cannot write reports that, and keeps no promise', async () => {
    const data = await folders
      .open(folders.create(), {
        log: {
          startThread: () => ({
            run: () => Promise.reject(new Error('no such device')),
            oldestJobMs: undefined,
            end: async () => {},
          }),
        },
      })
      .catch((error: Error) => error);
    expect(data).toMatchObject({ message: 'no such device' });
  });
});

describe('a joiner', () => {
  const items = new Map([
    ['a', { value: 'one', version: 90 }],
    ['b', { value: 'two', version: 102 }],
  ]);
  const requests = [{ client: 'c', number: 1, lowest: 1, fingerprint: 1, floor: 0, seq: 90, answer: undefined }];

  async function joiner(path: string): Promise<TestReplica> {
    const data = await folders.open(path);
    const replica = TestReplica.create(data, 0);
    replica.append([writing('gone', 'old data')]);
    replica.apply();
    replica.reset(100, false);
    replica.load(items, requests);
    replica.append([writing('c', 'three')], [writing('b', 'two')], [deleting('a')]);
    return replica;
  }

  test('finds what it has received, and the log over it', async () => {
    const path = folders.create();
    const replica = await joiner(path);
    replica.apply(2);
    replica.finishLoad();
    replica.append([writing('d', 'four')]);
    await replica.durable;
    const { recovered } = await folders.open(folders.copyOf(path));
    await expectFound(recovered[0]!, replica);
    expect(recovered[0]!.replica.appliedSeq).toBe(102);
  });

  test('needs another snapshot if the first one was interrupted', async () => {
    const path = folders.create();
    const replica = await joiner(path);
    await replica.durable;
    const copy = folders.copyOf(path);
    const { recovered } = await folders.open(copy);
    await expectFound(recovered[0]!, replica);
    expect(await itemsOf(recovered[0]!.storage)).toEqual(new Map());
    expect(readdirSync(join(copy, 'snapshots'))).toEqual([]);
    const again = replica.revived(recovered[0]!);
    again.reset(200, false);
    again.load(items, requests);
    again.finishLoad();
    await again.durable;
    await expectFound((await folders.open(folders.copyOf(copy))).recovered[0]!, again);
  });

  test('what follows the end of the snapshot is durable only after it', async () => {
    const path = folders.create();
    const replica = await joiner(path);
    replica.apply();
    replica.finishLoad();
    const order: string[] = [];
    const complete = replica.durable.then(() => order.push('complete'));
    replica.append([writing('d', 'four')]);
    await Promise.all([complete, replica.durable.then(() => order.push('append'))]);
    expect(order).toEqual(['complete', 'append']);
    replica.reset(300, true);
    replica.append([writing('e', 'five')]);
    await replica.durable;
    await expectFound((await folders.open(folders.copyOf(path))).recovered[0]!, replica);
  });
});
