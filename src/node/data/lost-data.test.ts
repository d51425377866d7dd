/** What is lost or damaged on disk is never taken for data, and costs no more than it must. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { expectFound, itemsOf, overwrite, smallLog, TestFolders } from './disk-data.fixture.js';
import { TestReplica, writing } from './test-replica.fixture.js';

const folders = new TestFolders();

afterEach(() => folders.removeAll());

async function withSnapshots(path: string): Promise<readonly TestReplica[]> {
  const data = await folders.open(path, smallLog);
  const replicas = [TestReplica.create(data, 0), TestReplica.create(data, 1)];
  for (const replica of replicas) await overwrite(replica, 700_000);
  await data.close(true);
  return replicas;
}

function snapshotOf(path: string, shard: number): string {
  return join(path, 'snapshots', readdirSync(join(path, 'snapshots')).find((name) => name.startsWith(`${shard}-`))!);
}

test.each([
  ['missing', (file: string) => rmSync(file)],
  ['cut off', (file: string) => writeFileSync(file, readFileSync(file).subarray(0, -1))],
  ['changed', (file: string) => writeFileSync(file, readFileSync(file).fill(1, 1_000, 1_001))],
  ['of another replica', (file: string, other: string) => writeFileSync(file, readFileSync(other))],
])('a replica whose snapshot is %s does not exist any more, and the others do', async (_name, spoil) => {
  const path = folders.create();
  const [, intact] = await withSnapshots(path);
  spoil(snapshotOf(path, 0), snapshotOf(path, 1));
  const { recovered } = await folders.open(path, smallLog);
  expect(recovered.map(({ shard }) => shard)).toEqual([1]);
  await expectFound(recovered[0]!, intact!);
  await folders.newest.close(true);
  const again = await folders.open(path, smallLog);
  expect(again.recovered.map(({ replicaId }) => replicaId)).toEqual([intact!.replicaId]);
  expect(readdirSync(join(path, 'snapshots')).every((name) => name.startsWith('1-'))).toBe(true);
});

test('after damage of the log each replica goes on with what came before it, under a new id', async () => {
  const path = folders.create();
  const replica = TestReplica.create(await folders.open(path), 0);
  replica.setEpoch(1);
  for (const key of ['a', 'b', 'c']) {
    replica.append([writing(key, `the value of ${key}`)]);
    await replica.durable;
    replica.apply();
  }
  await folders.newest.close(true);
  const file = join(path, 'wal', readdirSync(join(path, 'wal')).sort()[0]!);
  const bytes = readFileSync(file);
  bytes[bytes.indexOf('the value of b')]! ^= 1;
  writeFileSync(file, bytes);
  const { recovered } = await folders.open(path);
  expect(recovered).toHaveLength(1);
  const { replicaId, storage, replica: found } = recovered[0]!;
  expect(replicaId).not.toBe(replica.replicaId);
  expect(found.entries).toEqual(replica.entries.slice(0, 1));
  expect((await itemsOf(storage)).size).toBeLessThanOrEqual(1);
  // Later starts know the new id, and that nothing is damaged any more.
  replica.entries.length = 1;
  replica.appliedSeq = 1;
  const revived = replica.revived(recovered[0]!);
  revived.append([writing('d', 'four')]);
  await revived.durable;
  await folders.newest.close(true);
  const again = await folders.open(path);
  expect(again.recovered.map((it) => it.replicaId)).toEqual([replicaId]);
  await expectFound(again.recovered[0]!, revived);
});

/** Flips a bit in the first batch of a segment, or removes the file. */
function damage(path: string, segment: number, isRemoved = false): void {
  const file = join(path, 'wal', readdirSync(join(path, 'wal')).sort()[segment]!);
  if (isRemoved) return rmSync(file);
  const bytes = readFileSync(file);
  bytes[4_096 + 40]! ^= 1;
  writeFileSync(file, bytes);
}

/** Two replicas with snapshots, and a log of which the second half is needed by none but the third replica, which has none. */
async function withOldSegments(path: string, isThirdOld: boolean): Promise<readonly TestReplica[]> {
  const log = { ...smallLog.log, retainBytes: 512 * 1024 };
  const data = await folders.open(path, { log });
  const [first, second, third] = [0, 1, 2].map((shard) => TestReplica.create(data, shard)) as [
    TestReplica,
    TestReplica,
    TestReplica,
  ];
  if (isThirdOld) await overwrite(third, 20_000);
  await overwrite(first, 900_000);
  await overwrite(second, 900_000);
  await overwrite(first, 200_000);
  if (!isThirdOld) await overwrite(third, 20_000);
  await data.close(true);
  return [first, second, third];
}

test.each([false, true])('damage in a segment that no replica needs changes no replica (file removed: %s)', async (isRemoved) => {
  const path = folders.create();
  const replicas = await withOldSegments(path, false);
  const before = readdirSync(join(path, 'wal')).sort();
  damage(path, 1, isRemoved);
  for (let start = 1; start <= 2; start++) {
    const { recovered } = await folders.open(path, smallLog);
    expect(recovered.map(({ replicaId }) => replicaId)).toEqual(replicas.map(({ replicaId }) => replicaId));
    for (const [index, found] of recovered.entries()) await expectFound(found, replicas[index]!);
    await folders.newest.close(true);
    expect(readdirSync(join(path, 'wal')).sort()[0]! >= before[2]!).toBe(true);
  }
});

test('where only some replicas have all their entries behind the damage, the others have no data', async () => {
  const path = folders.create();
  const data = await folders.open(path, { log: { segmentBytes: 64 * 1024 } });
  const [old, young] = [TestReplica.create(data, 0), TestReplica.create(data, 1)] as const;
  await overwrite(old, 150_000);
  await overwrite(young, 200_000);
  await data.close(true);
  // The second replica has no entry before the third segment.
  damage(path, 0);
  const { recovered } = await folders.open(path, smallLog);
  expect(recovered.map(({ replicaId }) => replicaId)).toEqual([young.replicaId]);
  await expectFound(recovered[0]!, young);
  await folders.newest.close(true);
  const again = await folders.open(path, smallLog);
  expect(again.recovered.map(({ replicaId }) => replicaId)).toEqual([young.replicaId]);
  expect(old.replicaId).not.toBe(young.replicaId);
});

test('where no replica has all its entries behind the damage, each goes on with what came before it', async () => {
  const path = folders.create();
  const data = await folders.open(path, { log: { segmentBytes: 64 * 1024 } });
  const replica = TestReplica.create(data, 0);
  await overwrite(replica, 200_000);
  await data.close(true);
  damage(path, 1);
  const { recovered } = await folders.open(path, smallLog);
  expect(recovered).toHaveLength(1);
  expect(recovered[0]!.replicaId).not.toBe(replica.replicaId);
  const { entries } = recovered[0]!.replica;
  expect(entries.at(-1)!.seq).toBeLessThan(replica.lastSeq);
  expect((await itemsOf(recovered[0]!.storage)).size).toBeGreaterThan(0);
});

test('where writes may be missing, all replicas get new ids and keep their data', async () => {
  const path = folders.create();
  const replicas = await withSnapshots(path);
  const { recovered } = await folders.open(path, { ...smallLog, mayLackWrites: true });
  for (const [index, found] of recovered.entries()) {
    expect(found.replicaId).not.toBe(replicas[index]!.replicaId);
    await expectFound(found, replicas[index]!);
  }
  for (const revived of recovered.map((found, index) => replicas[index]!.revived(found))) await overwrite(revived, 700_000);
  await folders.newest.close(true);
  const again = await folders.open(path, smallLog);
  expect(again.recovered.map(({ replicaId }) => replicaId)).toEqual(recovered.map(({ replicaId }) => replicaId));
});
