/** A log that begins anew with more entries than a record holds (R13): a crash keeps all of it, or nothing. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { expectFound, overwrite, smallLog, TestFolders } from './disk-data.fixture.js';
import { TestReplica, writing } from './test-replica.fixture.js';

const folders = new TestFolders();

afterEach(() => folders.removeAll());

const segmentBytes = smallLog.log.segmentBytes;
const headerBytes = 4_096;

/** Entries that are not applied, three times as many as fit into a segment. */
function appendUnapplied(replica: TestReplica): void {
  for (let count = 0; count < 40; count++) replica.append([writing(`key ${count}`, `${count}`.repeat(2_500))]);
}

function segmentsOf(path: string): string[] {
  const wal = join(path, 'wal');
  return readdirSync(wal)
    .sort()
    .map((name) => join(wal, name));
}

/** The newest segment that has a batch loses all of them. */
function loseNewestSegment(path: string): void {
  const isUsed = (file: string): boolean =>
    readFileSync(file)
      .subarray(headerBytes)
      .some((byte) => byte !== 0);
  const newest = segmentsOf(path).findLast(isUsed)!;
  const bytes = readFileSync(newest);
  writeFileSync(newest, bytes.fill(0, headerBytes));
}

test('is found again as a whole, by a replay from any place', async () => {
  const path = folders.create();
  const data = await folders.open(path, smallLog);
  const replica = TestReplica.create(data, 0);
  replica.setEpoch(1);
  await overwrite(replica, 20_000);
  appendUnapplied(replica);
  replica.setEpoch(2);
  replica.rebase(1_000_000);
  await replica.durable;
  expect(segmentsOf(path).length * segmentBytes).toBeGreaterThan(5 * segmentBytes);
  const open = async () => (await folders.open(folders.copyOf(path), smallLog)).recovered[0]!;
  await expectFound(await open(), replica);
  replica.apply(15);
  replica.append([writing('later', 'value')]);
  await replica.durable;
  await expectFound(await open(), replica);
  replica.apply();
  // Snapshots are taken, and the segments with the first of the entries go, one after the other.
  for (let round = 0; round < 4; round++) {
    await overwrite(replica, 250_000);
    await expectFound(await open(), replica);
  }
});

test('does not count where its last record is missing, and keeps no segment then', async () => {
  const path = folders.create();
  const data = await folders.open(path, smallLog);
  const replica = TestReplica.create(data, 0);
  replica.setEpoch(1);
  await overwrite(replica, 20_000);
  appendUnapplied(replica);
  replica.setEpoch(2);
  await replica.durable;
  const before = { entries: replica.entries, baseSeq: replica.baseSeq, appliedSeq: replica.appliedSeq };
  const { base, loaded } = replica;
  replica.rebase(1_000_000);
  await replica.durable;
  const copy = folders.copyOf(path);
  loseNewestSegment(copy);
  Object.assign(replica, before, { base, loaded });
  const again = await folders.open(copy, smallLog);
  const [recovered] = again.recovered;
  await expectFound(recovered!, replica);
  expect(recovered!.replica.entries.at(-1)?.seq).toBe(replica.lastSeq);
  const revived = replica.revived(recovered!);
  revived.apply();
  for (let round = 0; round < 8; round++) await overwrite(TestReplica.create(again, round + 1), 300_000);
  expect(segmentsOf(copy).length * segmentBytes).toBeLessThanOrEqual(smallLog.log.maxBytes);
  const [last] = (await folders.open(folders.copyOf(copy), smallLog)).recovered;
  await expectFound(last!, revived);
});
