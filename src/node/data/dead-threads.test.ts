/** A thread of the disk that ends by itself: the data fails, and with it the node (`NodeData.failure`). Nothing hangs or is kept. */
import { afterEach, expect, test } from 'vitest';
import { startSnapshotThread } from '../../storage/snapshots/snapshot-files.js';
import { realFiles } from '../../storage/wal/log-files.js';
import { startLogThread } from '../../storage/wal/log-thread.js';
import { threadOn } from '../../storage/wal/wal.fixture.js';
import { expectFound, overwrite, smallLog, TestFolders } from './disk-data.fixture.js';
import { TestReplica, writing } from './test-replica.fixture.js';

const folders = new TestFolders();
const dying = new URL(
  `data:text/javascript,${encodeURIComponent("import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => process.exit(7));")}`,
);

afterEach(() => folders.removeAll());

test('of snapshots: what was kept before is found again', async () => {
  const path = folders.create();
  const data = await folders.open(path, { ...smallLog, snapshotThread: startSnapshotThread(dying) });
  const replica = TestReplica.create(data, 0);
  replica.setEpoch(1);
  const failed = data.failure;
  await Promise.race([overwrite(replica, 5_000_000), failed]);
  expect((await failed).message).toMatch(/^the thread that writes snapshot files has ended \(exit code 7\)/);
  const { appliedSeq } = replica;
  const copy = folders.copyOf(path);
  await data.close(false);
  const { recovered } = await folders.open(copy, smallLog);
  const { seq: lastSeq } = recovered[0]!.replica.entries.at(-1)!;
  expect(lastSeq).toBeGreaterThanOrEqual(appliedSeq);
  // The end was not kept yet when the copy was made.
  replica.entries.length = lastSeq;
  await expectFound(recovered[0]!, replica);
});

test('of the log: nothing is kept any more', async () => {
  let threads = 0;
  let last: ReturnType<typeof startLogThread> | undefined;
  const startThread = () => {
    const thread = threadOn(realFiles);
    // The first thread writes the batches.
    if (threads++ > 0) return thread;
    return { ...thread, run: (job: Parameters<typeof thread.run>[0]) => (last ?? thread).run(job) };
  };
  const data = await folders.open(folders.create(), { log: { startThread } });
  const replica = TestReplica.create(data, 0);
  await replica.durable;
  last = startLogThread(dying);
  const kept: string[] = [];
  replica.append([writing('a', 'lost')]);
  void replica.durable.then(() => kept.push('a'));
  expect((await data.failure).message).toBe('a thread of the log has ended (exit code 7): nothing can be written any more');
  replica.append([writing('b', 'later')]);
  void replica.durable.then(() => kept.push('b'));
  await data.close(false);
  expect(kept).toEqual([]);
});
