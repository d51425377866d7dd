/** Entries of the log are read again from the disk, for replicas that lack them. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { ClusterFormat, supportedFormats } from '../../formats.js';
import type { LogEntry } from '../../replication/index.js';
import type { Storage } from '../../storage/index.js';
import { expectFound, overwrite, smallLog, TestFolders } from './disk-data.fixture.js';
import { TestReplica, writing } from './test-replica.fixture.js';

const folders = new TestFolders();

afterEach(() => folders.removeAll());

const whole = { maxEntries: 1_000_000, maxBytes: 1_000_000_000 };
/** The log keeps everything. */
const allKept = { log: { segmentBytes: 64 * 1024, retainBytes: 1024 * 1024 * 1024 } };

function values(entries: readonly LogEntry[] | undefined): string[] | undefined {
  return entries?.map(({ seq, writes }) => `${seq}=${Buffer.from(writes[0]?.value ?? '').toString()}`);
}

/** Appends one entry with this value. */
async function put(replica: TestReplica, ...contents: string[]): Promise<void> {
  for (const content of contents) replica.append([writing('key', content)]);
  await replica.durable;
}

/** Reads all, in answers of at most `most` entries. */
async function readAll(storage: Storage, firstSeq: number, throughSeq: number, most: number) {
  const found: LogEntry[] = [];
  while (firstSeq + found.length <= throughSeq) {
    const read = { ...whole, firstSeq: firstSeq + found.length, throughSeq, maxEntries: most };
    const entries = await storage.readLog!(read);
    if (entries === undefined) throw new Error(`entry ${read.firstSeq} is not there`);
    expect(entries.length).toBeLessThanOrEqual(most);
    found.push(...entries);
  }
  return found;
}

function walOf(path: string): string {
  return join(path, 'wal');
}

describe('the log on disk, read again', () => {
  test('all entries of many segments, among those of other replicas, in small parts and in a large one', async () => {
    const path = folders.create();
    const data = await folders.open(path, allKept);
    let counted = 0;
    data.reads.listener = (entries) => {
      counted += entries;
    };
    const [one, two] = [TestReplica.create(data, 0), TestReplica.create(data, 1)];
    for (const replica of [one, two]) replica.setEpoch(1);
    for (let round = 0; round < 10; round++) for (const replica of [one, two]) await overwrite(replica, 40_000);
    expect(readdirSync(walOf(path)).length).toBeGreaterThan(5);
    for (const { storage, entries, appliedSeq } of [one, two]) {
      expect(values(await readAll(storage, 1, appliedSeq, 7))).toEqual(values(entries));
      const read = { ...whole, firstSeq: 5, throughSeq: appliedSeq };
      expect(values(await storage.readLog!(read))).toEqual(values(entries.slice(4)));
    }
    expect(counted).toBe(2 * (one.entries.length + two.entries.length) - 8);
  });

  test('an answer has no more bytes than allowed, or a single entry', async () => {
    const data = await folders.open(folders.create(), allKept);
    const replica = TestReplica.create(data, 0);
    replica.setEpoch(1);
    await put(replica, 'small', 'x'.repeat(5_000), 'y'.repeat(5_000), 'z'.repeat(100));
    replica.apply();
    const read = { firstSeq: 1, throughSeq: 4, maxEntries: 10, maxBytes: 1_000 };
    const answers: number[] = [];
    for (let firstSeq = 1; firstSeq <= 4; ) {
      const entries = await replica.storage.readLog!({ ...read, firstSeq });
      answers.push(entries!.length);
      firstSeq += entries!.length;
    }
    expect(answers).toEqual([1, 1, 1, 1]);
    expect(await replica.storage.readLog!({ ...read, maxBytes: 6_000 })).toHaveLength(2);
  });

  test('entries that were cut are not found, wherever the cut is', async () => {
    const data = await folders.open(folders.create(), allKept);
    const replica = TestReplica.create(data, 0);
    replica.setEpoch(1);
    await put(replica, 'a', 'b', 'cut', 'cut');
    replica.apply(1);
    await put(replica, 'cut');
    replica.truncate(2);
    replica.setEpoch(2);
    await put(replica, 'c');
    // The cut of what follows is in another segment than the entries.
    const filler = TestReplica.create(data, 1);
    filler.setEpoch(1);
    await put(replica, 'cut', 'cut');
    await overwrite(filler, 100_000);
    replica.truncate(3);
    replica.setEpoch(3);
    await put(replica, 'd', 'e');
    const expected = ['1=a', '2=b', '3=c', '4=d', '5=e'];
    const read = { ...whole, throughSeq: 5 };
    expect(await replica.storage.readLog!({ ...read, firstSeq: 1 })).toEqual(replica.entries);
    expect(values(replica.entries)).toEqual(expected);
    expect(values(await readAll(replica.storage, 2, 5, 1))).toEqual(expected.slice(1));
    expect(values(await replica.storage.readLog!({ ...read, firstSeq: 4, throughSeq: 4 }))).toEqual(['4=d']);
  });

  test('a restart reads the whole log again, under all ids that the replica has had', async () => {
    const path = folders.create();
    let replica = TestReplica.create(await folders.open(path, allKept), 0);
    for (let run = 1; run <= 3; run++) {
      replica.setEpoch(run);
      await overwrite(replica, 200_000);
      await folders.newest.close(true);
      const [recovered] = (await folders.open(path, { ...allKept, retainEntries: 20, mayLackWrites: run === 2 })).recovered;
      expect(recovered!.replica.baseSeq).toBeGreaterThan(0);
      expect(recovered!.replica.stored).toMatchObject({ seq: 0 });
      expect(recovered!.replica.stored?.runs.map(({ epoch }) => epoch)).toEqual([1, 2, 3].slice(0, run));
      replica = replica.revived(recovered!);
      const { appliedSeq, entries } = replica;
      expect(values(await readAll(replica.storage, 1, appliedSeq, 13))).toEqual(values(entries.slice(0, appliedSeq)));
    }
  });

  test('what has been removed with old segments is not there, which is reported and is known to a restart', async () => {
    const path = folders.create();
    const data = await folders.open(path, smallLog);
    const replica = TestReplica.create(data, 0);
    let start = 0;
    replica.storage.watchLogStart!((seq) => {
      start = seq;
    });
    replica.setEpoch(1);
    await overwrite(replica, 2_000_000);
    expect(start).toBeGreaterThan(0);
    const { storage, appliedSeq } = replica;
    const through = { ...whole, throughSeq: appliedSeq };
    expect(await storage.readLog!({ ...through, firstSeq: start })).toBeUndefined();
    const left = await storage.readLog!({ ...through, firstSeq: start + 1 });
    expect(values(left)).toEqual(values(replica.entries.slice(start)));
    const [recovered] = (await folders.open(folders.copyOf(path), smallLog)).recovered;
    expect(recovered!.replica.stored?.seq).toBe(start);
  });

  test('a segment that vanishes while it is read', async () => {
    const path = folders.create();
    const data = await folders.open(path, smallLog);
    const replica = TestReplica.create(data, 0);
    replica.setEpoch(1);
    await overwrite(replica, 200_000);
    const { appliedSeq } = replica;
    expect(await replica.storage.readLog!({ ...whole, firstSeq: 1, throughSeq: appliedSeq, maxEntries: 10 })).toHaveLength(10);
    await overwrite(replica, 2_000_000);
    expect(await replica.storage.readLog!({ ...whole, firstSeq: 11, throughSeq: appliedSeq })).toBeUndefined();
  });

  test('a snapshot begins the log anew', async () => {
    const data = await folders.open(folders.create(), allKept);
    const replica = TestReplica.create(data, 0);
    replica.setEpoch(1);
    await put(replica, 'a', 'b', 'c');
    replica.reset(100, false);
    replica.load(new Map([['key', { value: 'old', version: 50 }]]), []);
    replica.finishLoad();
    await put(replica, 'd', 'e');
    replica.apply();
    const read = { ...whole, throughSeq: 102 };
    expect(values(await replica.storage.readLog!({ ...read, firstSeq: 101 }))).toEqual(['101=d', '102=e']);
    expect(await replica.storage.readLog!({ ...read, firstSeq: 100 })).toBeUndefined();
    expect(await replica.storage.readLog!({ ...read, firstSeq: 1, throughSeq: 3 })).toBeUndefined();
  });

  test('entries of before and after the cluster took a newer format into use, with entries that were not applied', async () => {
    const path = folders.create();
    const format = new ClusterFormat(supportedFormats, supportedFormats.oldest);
    const data = await folders.open(path, { ...allKept, format });
    let replica = TestReplica.create(data, 0);
    replica.setEpoch(1);
    await overwrite(replica, 100_000);
    await put(replica, 'of the older format', 'not applied');
    format.learn(supportedFormats.newest);
    replica.setEpoch(2);
    await put(replica, 'of the newer format');
    replica.appendAnswered([writing('sum', '42')], { kind: 'counted', sum: new Uint8Array(Buffer.from('42')) });
    await replica.durable;
    const last = replica.lastSeq;
    expect(await readAll(replica.storage, 1, last, 7)).toEqual(replica.entries);
    // A crash, and the start of a process that knows the newer format from the beginning.
    const copy = folders.copyOf(path);
    const [recovered] = (await folders.open(copy, allKept)).recovered;
    await expectFound(recovered!, replica);
    replica = replica.revived(recovered!);
    replica.apply();
    await put(replica, 'after the start');
    expect(await readAll(replica.storage, 1, last + 1, 7)).toEqual(replica.entries);
  });

  test('nothing behind damage is given', async () => {
    const path = folders.create();
    const replica = TestReplica.create(await folders.open(path, allKept), 0);
    replica.setEpoch(1);
    await overwrite(replica, 300_000);
    const damaged = join(walOf(path), readdirSync(walOf(path)).sort()[2]!);
    const bytes = readFileSync(damaged);
    bytes[30_000] = bytes[30_000]! ^ 1;
    writeFileSync(damaged, bytes);
    const read = { ...whole, throughSeq: replica.appliedSeq, maxEntries: 20 };
    let firstSeq = 1;
    let found = await replica.storage.readLog!({ ...read, firstSeq });
    for (; found !== undefined; found = await replica.storage.readLog!({ ...read, firstSeq })) {
      expect(values(found)).toEqual(values(replica.entries.slice(firstSeq - 1, firstSeq - 1 + found.length)));
      firstSeq += found.length;
    }
    expect(firstSeq).toBeGreaterThan(100);
    expect(firstSeq).toBeLessThan(200);
  });
});
