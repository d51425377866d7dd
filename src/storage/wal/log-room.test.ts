/** Which segments stay, and what a full disk does. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Journal } from './index.js';
import { MemoryFiles } from './memory-files.fixture.js';
import { segmentNumberOf, segmentPath } from './segment-file.js';
import { folder, payloadOf, replicaOf, scanAll, segmentBytes, TestLog } from './wal.fixture.js';

type Options = NonNullable<Parameters<typeof TestLog.open>[1]>;

function segmentsOf(files: MemoryFiles): number[] {
  return files
    .list(folder)
    .flatMap((name) => segmentNumberOf(name) ?? [])
    .sort((one, other) => one - other);
}

/** Waits until the segments are these; the test fails by its time limit if they never are. */
async function untilSegments(files: MemoryFiles, numbers: readonly number[]): Promise<void> {
  while (segmentsOf(files).join() !== numbers.join()) await nextTurn();
}

/** Waits longer than the log takes for anything that it has begun. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await nextTurn();
}

/** Appends records of 1,000 bytes until the log's newest record is in this segment. */
async function fillTo(segment: number, log: TestLog, journal: Journal, firstSeq = 1): Promise<number> {
  let seq = firstSeq;
  for (; log.log.segment < segment; seq++) await journal.append(1, payloadOf('x', 1_000), seq);
  return seq;
}

test('a segment goes once no replica needs its entries, oldest first; a reserve is ready', async () => {
  const files = new MemoryFiles();
  const opened = await TestLog.open(files);
  const [idle, busy] = [opened.journal(replicaOf(0)), opened.journal(replicaOf(1))];
  await idle.append(1, payloadOf('x'), 1);
  const next = await fillTo(5, opened, busy);
  await untilSegments(files, [1, 2, 3, 4, 5, 6]);
  expect(opened.log.pinning()).toBe(idle);

  busy.cover(next - 1);
  await settle();
  expect(segmentsOf(files)).toEqual([1, 2, 3, 4, 5, 6]);
  idle.cover(0);
  await settle();
  expect(segmentsOf(files)).toEqual([1, 2, 3, 4, 5, 6]);
  idle.cover(1);
  await untilSegments(files, [5, 6]);
  expect(opened.log.pinning()).toBeUndefined();
  expect(opened.log.bytes).toBeLessThan(segmentBytes);
  await opened.log.close();

  // The metadata of both replicas are at the beginning of what is left.
  expect(
    scanAll(files)
      .checkpoints.slice(0, 2)
      .map(({ shard, segment }) => [shard, segment]),
  ).toEqual([
    [0, 5],
    [1, 5],
  ]);
});

test('entries that were cut from the end of a log need no segment', async () => {
  const files = new MemoryFiles();
  const opened = await TestLog.open(files);
  const journal = opened.journal(replicaOf(0));
  const next = await fillTo(3, opened, journal);
  await journal.append(2, payloadOf('truncate'), 4);
  expect(next).toBeGreaterThan(6);
  journal.cover(4);
  await untilSegments(files, [3, 4]);
  // Entries above the cut have the same seqs as those before.
  await fillTo(4, opened, journal, 5);
  journal.cover(4);
  await settle();
  expect(segmentsOf(files)).toEqual([3, 4, 5]);
  await opened.log.close();
});

test('a replica that has left, or is not live after a restart, needs no segment', async () => {
  const files = new MemoryFiles();
  const opened = await TestLog.open(files);
  const [leaving, staying] = [opened.journal(replicaOf(0)), opened.journal(replicaOf(1))];
  await leaving.append(1, payloadOf('x'), 1);
  const next = await fillTo(3, opened, staying);
  staying.cover(next - 1);
  await settle();
  expect(segmentsOf(files)).toEqual([1, 2, 3, 4]);
  const left = files.afterExit();
  void leaving.append(2, payloadOf('left'));
  opened.log.forget(leaving);
  files.before = (_, path) => {
    if (path === segmentPath(folder, 1)) expect(scanAll(files.afterPowerLoss(() => false)).records.at(-1)!.payload).toBe('left');
  };
  await untilSegments(files, [3, 4]);
  await opened.log.close();

  const restarted = await TestLog.open(left, {}, [staying.replica]);
  const journal = restarted.journal(staying.replica);
  expect(journal.oldestNeeded).toBe(1);
  await journal.append(1, payloadOf('x'), next);
  journal.cover(next - 1);
  await untilSegments(left, [3, 4]);
  expect(journal.oldestNeeded).toBe(3);
  await restarted.log.close();
});

test('a replica with a new id needs what it needed before', async () => {
  const files = new MemoryFiles();
  const opened = await TestLog.open(files);
  const journal = opened.journal(replicaOf(0));
  const next = await fillTo(3, opened, journal);
  const { id } = replicaOf(0, 1);
  opened.log.rename(journal, id);
  expect(opened.log.journal({ shard: 0, id })).toBe(journal);
  expect(opened.log.journal(replicaOf(0))).not.toBe(journal);
  await journal.append(3, payloadOf('renamed'));
  expect(journal.oldestNeeded).toBe(1);
  journal.cover(next - 1);
  await untilSegments(files, [3, 4]);
  await opened.log.close();
  expect(scanAll(files).records.at(-1)).toMatchObject({ shard: 0, id, payload: 'renamed', end: undefined });
});

test('newer log than retainBytes stays, also if no replica needs it', async () => {
  const files = new MemoryFiles();
  const opened = await TestLog.open(files, { retainBytes: 2 * segmentBytes });
  const journal = opened.journal(replicaOf(0));
  const next = await fillTo(5, opened, journal);
  journal.cover(next - 1);
  await untilSegments(files, [3, 4, 5, 6]);
  await settle();
  expect(segmentsOf(files)).toEqual([3, 4, 5, 6]);
  await opened.log.close();
});

test('on a full disk, log that no replica needs goes in spite of retainBytes', async () => {
  const files = new MemoryFiles();
  files.capacity = 4.5 * segmentBytes;
  const opened = await TestLog.open(files, { retainBytes: 100 * segmentBytes });
  const journal = opened.journal(replicaOf(0));
  let seq = 0;
  while (opened.log.segment < 10) {
    await journal.append(1, payloadOf('x', 1_000), ++seq);
    journal.cover(seq);
  }
  expect(segmentsOf(files)[0]).toBeGreaterThan(5);
  await opened.log.close();
});

/** A log in which one replica fills what there is, until there is no room for more. */
async function fillUp(files: MemoryFiles, options: Options) {
  const opened = await TestLog.open(files, options);
  const journal = opened.journal(replicaOf(0));
  let seq = 0;
  for (;;) {
    // A reserve may be about to be ready.
    if (!opened.log.hasRoom) await settle();
    if (!opened.log.hasRoom) break;
    await journal.append(1, payloadOf('x', 500), ++seq);
  }
  return { opened, journal, seq };
}

test('before the disk is full the log has no room for writes, while deletes and metadata are kept, until segments go', async () => {
  const files = new MemoryFiles();
  files.capacity = 3.5 * segmentBytes;
  const { opened, journal, seq } = await fillUp(files, {});
  expect(opened.log.noSpace).toMatchObject({ code: 'ENOSPC' });
  expect(segmentsOf(files)).toEqual([1, 2, 3]);
  expect(files.list(folder)).toHaveLength(3);
  // Half of a segment is left for these, but for what records take beside their payload.
  let kept = 0;
  for (let deletes = 0; deletes < 10; deletes++) {
    await journal.append(2, payloadOf('delete', 100), seq + 1 + deletes);
    kept++;
  }
  expect(kept).toBe(10);
  expect(opened.log.dueForSnapshot(0)).toBe(journal);

  // Records that do not fit wait.
  let isKept = false;
  const waiting = Array.from({ length: 5 }, (_, index) => journal.append(1, payloadOf('late', 1_500), seq + 11 + index));
  void Promise.all(waiting).then(() => {
    isKept = true;
  });
  await settle();
  expect(isKept).toBe(false);
  expect(opened.log.hasRoom).toBe(false);

  journal.cover(seq + 10);
  await Promise.all(waiting);
  journal.cover(seq + 15);
  while (!opened.log.hasRoom) await nextTurn();
  await opened.log.close();
  expect(scanAll(files).records.at(-1)!.payload).toBe(payloadOf('late', 1_500).toString());
});

test('the log looks for space again by itself', async () => {
  const files = new MemoryFiles();
  files.capacity = 2.5 * segmentBytes;
  const { opened } = await fillUp(files, {});
  files.capacity = 10 * segmentBytes;
  while (!opened.log.hasRoom) await nextTurn();
  expect(opened.log.noSpace).toBeUndefined();
  await opened.log.close();
});

test('a log with records that wait for space does not close as if it had kept them', async () => {
  const files = new MemoryFiles();
  files.capacity = 2.5 * segmentBytes;
  const { opened, journal, seq } = await fillUp(files, {});
  for (let index = 1; index < 6; index++) void journal.append(1, payloadOf('late', 1_500), seq + index);
  await expect(opened.log.close()).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(files.openFiles).toBe(0);
  expect(scanAll(files).outcome.kind).toBe('end');
});

test('all files together are no larger than maxBytes', async () => {
  const files = new MemoryFiles();
  const { opened, journal, seq } = await fillUp(files, { maxBytes: 4 * segmentBytes, retainBytes: 100 * segmentBytes });
  expect(segmentsOf(files)).toEqual([1, 2, 3, 4]);
  expect(opened.log.hasRoom).toBe(false);
  expect(opened.log.dueForSnapshot(0)).toBe(journal);
  journal.cover(seq);
  while (!opened.log.hasRoom) await nextTurn();
  expect(segmentsOf(files).length).toBeLessThanOrEqual(4);
  await opened.log.close();
  await expect(TestLog.open(files, { maxBytes: 3 * segmentBytes })).rejects.toThrow(RangeError);
});

test('a log that is larger than its budget is due for a snapshot of the replica that needs the oldest segment', async () => {
  const files = new MemoryFiles();
  const opened = await TestLog.open(files, { maxBytes: 8 * segmentBytes });
  const [first, second] = [opened.journal(replicaOf(0)), opened.journal(replicaOf(1))];
  await first.append(1, payloadOf('x'), 1);
  expect(opened.log.dueForSnapshot(0)).toBeUndefined();
  await fillTo(6, opened, second);
  expect(opened.log.dueForSnapshot(0)).toBe(first);
  first.cover(1);
  expect(opened.log.dueForSnapshot(0)).toBe(second);
  await opened.log.close();
});

test('segments that are ready, and those of another size, are used or replaced after a restart', async () => {
  const files = new MemoryFiles();
  const opened = await TestLog.open(files);
  const journal = opened.journal(replicaOf(0));
  const next = await fillTo(2, opened, journal);
  await untilSegments(files, [1, 2, 3]);
  await opened.log.close();
  const ready = files.files.get(segmentPath(folder, 3));

  const same = await TestLog.open(files, {}, [journal.replica]);
  expect(files.files.get(segmentPath(folder, 3))).toBe(ready);
  await same.log.close();

  const larger = await TestLog.open(files, { segmentBytes: 2 * segmentBytes }, [journal.replica]);
  await fillTo(4, larger, larger.journal(journal.replica), next);
  await untilSegments(files, [1, 2, 3, 4, 5]);
  await larger.log.close();
  expect(files.files.get(segmentPath(folder, 3))!.content).toHaveLength(2 * segmentBytes);
  expect(scanAll(files).outcome).toMatchObject({ kind: 'end', segment: 4 });
  expect(files.openFiles).toBe(0);
});
