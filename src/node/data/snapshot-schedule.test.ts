import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { WriteAheadLog } from '../../storage/wal/index.js';
import type { DurableStorage } from './durable-storage.js';
import { noSpaceRetryMs, SnapshotSchedule } from './snapshot-schedule.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A log that is too large until a snapshot of its only replica is taken. The attempts fail with these codes, one after the other. */
function scheduleWith(codes: readonly string[]) {
  const journal = { oldestNeeded: 1 };
  const storage = { dataBytes: 0, log: { journal, hasLeft: false } } as unknown as DurableStorage;
  const seen = { attempts: 0, noSpace: 0, failed: [] as (string | undefined)[] };
  const schedule = new SnapshotSchedule({
    wal: { dueForSnapshot: () => (journal.oldestNeeded === 1 ? journal : undefined) } as unknown as WriteAheadLog,
    storages: () => [storage],
    take: async () => {
      const code = codes[seen.attempts++];
      if (code !== undefined) throw Object.assign(new Error(code), { code });
      journal.oldestNeeded = 2;
    },
    onNoSpace: () => seen.noSpace++,
    onFailed: ({ code }: NodeJS.ErrnoException) => seen.failed.push(code),
  });
  return { schedule, seen };
}

test('after a snapshot for which there was no room the next attempt follows a pause, however often the log reports a full disk', async () => {
  const { schedule, seen } = scheduleWith(['ENOSPC', 'EDQUOT']);
  for (let second = 0; second < noSpaceRetryMs / 1_000; second++) {
    schedule.check();
    await vi.advanceTimersByTimeAsync(999);
  }
  expect(seen).toEqual({ attempts: 1, noSpace: 1, failed: [] });
  await vi.advanceTimersByTimeAsync(noSpaceRetryMs);
  expect(seen).toEqual({ attempts: 2, noSpace: 2, failed: [] });
  await vi.advanceTimersByTimeAsync(10 * noSpaceRetryMs);
  expect(seen).toEqual({ attempts: 3, noSpace: 2, failed: [] });
});

test('a disk that fails is reported, and so is nothing after the end', async () => {
  const { schedule, seen } = scheduleWith(['EIO']);
  schedule.check();
  await vi.advanceTimersByTimeAsync(0);
  expect(seen).toEqual({ attempts: 1, noSpace: 0, failed: ['EIO'] });

  const other = scheduleWith(['ENOSPC']);
  other.schedule.check();
  await vi.advanceTimersByTimeAsync(0);
  other.schedule.close();
  await vi.advanceTimersByTimeAsync(10 * noSpaceRetryMs);
  expect(other.seen).toEqual({ attempts: 1, noSpace: 1, failed: [] });
});
