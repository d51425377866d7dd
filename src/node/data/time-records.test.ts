/** A shard with keys that expire logs its time once a second (R17). On an idle node that must not cost a flush each. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { notingFiles, threadOn } from '../../storage/wal/wal.fixture.js';
import { TestFolders } from './disk-data.fixture.js';
import { TestReplica, writing } from './test-replica.fixture.js';

const folders = new TestFolders();

afterEach(() => folders.removeAll());

test.each([
  ['always', undefined],
  ['interval', 1],
] as const)('with %s the times that shards log are written and cause no flush', async (_, syncIntervalMs) => {
  const operations: ('write' | 'flush')[] = [];
  const path = folders.create();
  const log = { syncIntervalMs, startThread: () => threadOn(notingFiles(operations)) };
  const data = await folders.open(path, { log });
  const replicas = [0, 1, 2].map((shard) => TestReplica.create(data, shard));
  for (const replica of replicas) {
    replica.setEpoch(1);
    replica.append([writing('session', 'value', 3_600_000)]);
    await replica.durable;
  }
  // The reserve is prepared, and the interval is over.
  for (let count = -1; count !== operations.length; await pause(50)) count = operations.length;
  operations.length = 0;
  for (let second = 1; second <= 5; second++) {
    for (const replica of replicas) replica.persist({ type: 'time', timeMs: second * 1_000, isCorrection: false });
    await Promise.all(replicas.map(({ durable }) => durable));
    await pause(10);
  }
  // With `interval` the event loop writes, which is not noted.
  expect(operations).toEqual(syncIntervalMs === undefined ? Array.from({ length: 5 }, () => 'write') : []);

  const [, found] = (await folders.open(folders.copyOf(path))).recovered;
  expect(found!.replica.loggedTimeMs).toBe(5_000);
  // A correction is relied on at once.
  operations.length = 0;
  replicas[0]!.persist({ type: 'time', timeMs: 500, isCorrection: true });
  await replicas[0]!.durable;
  expect(operations).toEqual(['write', 'flush']);
});
