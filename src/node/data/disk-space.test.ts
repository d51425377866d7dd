/** The room that a data directory takes stays bounded however much is written, and the room of deleted keys is used again. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { expectFound, smallLog, TestFolders } from './disk-data.fixture.js';
import { deleting, TestReplica, writing } from './test-replica.fixture.js';

const folders = new TestFolders();

afterEach(() => folders.removeAll());

const logBytes = smallLog.log.maxBytes;
const keys = 200;
const valueBytes = 1_000;
const dataBytes = keys * valueBytes;
/** Each of the three replicas has a snapshot, and one has a second one while it is written; heads and requests take a tenth at most. */
const snapshotBytes = 1.1 * 2 * dataBytes + 3 * 10_000;

/** The log and the snapshots. Files that are removed meanwhile take no room. */
function bytesIn(path: string): number {
  let bytes = 0;
  for (const folder of ['wal', 'snapshots'])
    for (const name of readdirSync(join(path, folder)))
      bytes += statSync(join(path, folder, name), { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}

/** Changes all keys of a generation, in entries of ten, and looks at the room that is taken. */
async function changeAll(path: string, replica: TestReplica, generation: string, change: 'write' | 'delete'): Promise<void> {
  for (let first = 0; first < keys; first += 10) {
    const names = Array.from({ length: 10 }, (_, index) => `${generation} ${first + index}`);
    const value = `${replica.lastSeq}`.padEnd(valueBytes, '.');
    replica.append(names.map((name) => (change === 'write' ? writing(name, value) : deleting(name))));
  }
  await replica.durable;
  expect(bytesIn(path)).toBeLessThanOrEqual(logBytes + snapshotBytes);
  replica.apply();
}

test('of one busy shard beside an idle one and a slow one', { timeout: 240_000 }, async () => {
  const path = folders.create();
  const data = await folders.open(path, smallLog);
  const [busy, idle, slow] = [0, 1, 2].map((shard) => TestReplica.create(data, shard)) as [TestReplica, TestReplica, TestReplica];
  for (const replica of [busy, idle, slow]) {
    replica.setEpoch(1);
    replica.append([writing('old', 'value')]);
    replica.apply();
  }
  const segments = (): number => Math.min(...readdirSync(join(path, 'wal')).map(Number.parseFloat));
  let written = 0;
  for (let round = 0; written < 12 * logBytes; round++) {
    // The same keys are overwritten five times; then they are deleted, and others take their room.
    const generation = `generation ${Math.floor(round / 6)}`;
    await changeAll(path, busy, generation, round % 6 === 5 ? 'delete' : 'write');
    if (round % 6 !== 5) written += dataBytes;
    // One entry in several segments, which is never applied at once.
    slow.append([writing('slow', `${round}`)]);
    slow.apply(slow.lastSeq - slow.appliedSeq - 1);
  }
  await slow.durable;
  expect(segments()).toBeGreaterThan(12 * (logBytes / smallLog.log.segmentBytes) - 2 * (logBytes / smallLog.log.segmentBytes));

  // Everything is deleted. A log of little else lets the snapshots shrink, too.
  await changeAll(path, busy, 'old', 'delete');
  for (const name of busy.itemsAt(busy.appliedSeq).keys()) busy.append([deleting(name)]);
  await busy.durable;
  busy.apply();
  for (let round = 0; round < 20; round++) {
    for (let count = 0; count < 100; count++) busy.append([deleting(`${round} ${count}`.padEnd(1_000, '.'))]);
    await busy.durable;
    busy.apply();
  }
  expect(busy.itemsAt(busy.appliedSeq).size).toBe(0);
  const { bytes: left } = readdirSync(join(path, 'snapshots')).reduce(
    ({ bytes }, name) => ({ bytes: bytes + statSync(join(path, 'snapshots', name)).size }),
    { bytes: 0 },
  );
  expect(left).toBeLessThan(dataBytes / 4);
  const { recovered } = await folders.open(folders.copyOf(path), smallLog);
  for (const [index, replica] of [busy, idle, slow].entries()) await expectFound(recovered[index]!, replica);
});
