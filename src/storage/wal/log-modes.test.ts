/** When a record counts as kept, and what a failure does. */
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Journal, LogFlush } from './index.js';
import { executeLogJob, type LogJob } from './log-jobs.js';
import type { FileOperation } from './memory-files.fixture.js';
import { MemoryFiles } from './memory-files.fixture.js';
import { payloadOf, replicaOf, scanAll, segmentBytes, TestLog, threadOn } from './wal.fixture.js';

const replica = replicaOf(0);
/** A timer that never fires. */
const neverMs = 2 ** 31 - 1;
const nothingIsWritten = (): boolean => false;

/** The operations on segments that are in use, which are not those that prepare one. */
function recordOperations(files: MemoryFiles): FileOperation[] {
  const operations: FileOperation[] = [];
  files.before = (operation, path) => {
    if (path.endsWith('.wal') && (operation === 'write' || operation === 'flush')) operations.push(operation);
  };
  return operations;
}

async function openWith(files: MemoryFiles, options: Parameters<typeof TestLog.open>[1] = {}) {
  const opened = await TestLog.open(files, options, [replica]);
  return { log: opened.log, journal: opened.journal(replica) };
}

/** Records whose promises have resolved, in order. */
function appendAll(journal: Journal, names: readonly string[]): string[] {
  const kept: string[] = [];
  for (const [index, name] of names.entries()) void journal.append(1, payloadOf(name), index + 1).then(() => kept.push(name));
  return kept;
}

describe('mode always', () => {
  test('what is appended in one turn shares one write and one flush, and the next batch gathers meanwhile', async () => {
    const files = new MemoryFiles();
    const { log, journal } = await openWith(files);
    const operations = recordOperations(files);
    const first = journal.append(1, payloadOf('a'), 1);
    expect(journal.append(1, payloadOf('b'), 2)).toBe(first);
    await nextTurn();
    // The first batch is under way.
    const second = journal.append(1, payloadOf('c'), 3);
    expect(second).not.toBe(first);
    expect(journal.append(1, payloadOf('d'), 4)).toBe(second);
    await second;
    expect(operations).toEqual(['write', 'flush', 'write', 'flush']);
    expect(log.appendedBatch).toBe(2);
    expect(log.flushedBatch).toBe(2);
    await log.close();
    expect(files.openFiles).toBe(0);
  });

  test('a record that needs no flush of its own causes none, and is flushed with the next one', async () => {
    const files = new MemoryFiles();
    const flushes: LogFlush[] = [];
    const { log, journal } = await openWith(files, { onFlushed: (flush) => flushes.push(flush) });
    await journal.append(1, payloadOf('entry'), 1);
    const operations = recordOperations(files);
    await journal.append(2, payloadOf('time 1'), undefined, 'written');
    await journal.append(2, payloadOf('time 2'), undefined, 'written');
    expect(operations).toEqual(['write', 'write']);
    expect(log.flushedBatch).toBe(1);
    const lost = scanAll(files.afterPowerLoss((_, sector) => sector === 9));
    expect(lost.outcome.kind).not.toBe('damaged');
    expect(lost.records.map(({ payload }) => payload)).toEqual(['entry']);
    const kept = [journal.append(2, payloadOf('time 3'), undefined, 'written'), journal.append(1, payloadOf('entry'), 2)];
    await Promise.all(kept);
    expect(operations).toEqual(['write', 'write', 'write', 'flush']);
    expect(scanAll(files.afterPowerLoss(nothingIsWritten)).records).toHaveLength(5);
    expect(flushes).toHaveLength(2);
    expect(flushes[1]!.bytes).toBeGreaterThan(2 * flushes[0]!.bytes);
    await journal.append(2, payloadOf('time 4'), undefined, 'written');
    await log.close();
    expect(scanAll(files.afterPowerLoss(nothingIsWritten)).records).toHaveLength(6);
  });

  test('a payload may change once append has returned', async () => {
    const files = new MemoryFiles();
    const { log, journal } = await openWith(files);
    const payload = payloadOf('as appended');
    const kept = journal.append(1, payload, 1);
    payload.fill('x');
    await kept;
    await log.close();
    expect(scanAll(files).records[0]!.payload).toBe('as appended');
  });

  test('close keeps what was appended before', async () => {
    const files = new MemoryFiles();
    const { log, journal } = await openWith(files);
    const kept = appendAll(journal, ['a', 'b']);
    await Promise.all([log.close(), log.close()]);
    expect(kept).toEqual(['a', 'b']);
    expect(scanAll(files.afterPowerLoss(nothingIsWritten)).records).toHaveLength(2);
    appendAll(journal, ['too late']);
    await nextTurn();
    expect(scanAll(files).records).toHaveLength(2);
  });
});

test('a thread that answers before the turn ends does not stop the log', async () => {
  const files = new MemoryFiles();
  const startThread = () => ({
    run: async (job: LogJob) => executeLogJob(files, job),
    oldestJobMs: undefined,
    end: async () => {},
  });
  const { log, journal } = await openWith(files, { startThread });
  void journal.append(1, payloadOf('a'), 1);
  await log.flush();
  await nextTurn();
  await journal.append(1, payloadOf('b'), 2);
  await log.close();
  expect(scanAll(files).records.map(({ payload }) => payload)).toEqual(['a', 'b']);
});

describe('mode interval', () => {
  test('a record is kept when it is written; the interval flushes it', async () => {
    const files = new MemoryFiles();
    let progress = 0;
    const { log, journal } = await openWith(files, { syncIntervalMs: 1, onProgress: () => progress++ });
    const operations = recordOperations(files);
    await journal.append(1, payloadOf('a'), 1);
    expect(operations).toEqual(['write']);
    expect(scanAll(files.afterExit()).records).toHaveLength(1);
    const before = progress;
    while (log.flushedBatch < 1) await nextTurn();
    expect(operations).toEqual(['write', 'flush']);
    expect(progress).toBeGreaterThan(before);
    expect(scanAll(files.afterPowerLoss(nothingIsWritten)).records).toHaveLength(1);
    await log.close();
  });

  test('a record that needs no flush of its own is not flushed at the interval', async () => {
    const files = new MemoryFiles();
    const { log, journal } = await openWith(files, { syncIntervalMs: 1 });
    const operations = recordOperations(files);
    await journal.append(1, payloadOf('entry'), 1);
    while (log.flushedBatch < 1) await nextTurn();
    await journal.append(2, payloadOf('time'), undefined, 'written');
    await pause(20);
    expect(operations).toEqual(['write', 'flush', 'write']);
    await journal.append(1, payloadOf('entry'), 2);
    while (log.flushedBatch < 3) await nextTurn();
    expect(operations).toEqual(['write', 'flush', 'write', 'write', 'flush']);
    await log.close();
  });

  test('a record that must be flushed is kept when it is flushed, and so is everything before it', async () => {
    const files = new MemoryFiles();
    const { log, journal } = await openWith(files, { syncIntervalMs: neverMs });
    await journal.append(1, payloadOf('a'), 1);
    expect(log.flushedBatch).toBe(0);
    await journal.append(2, payloadOf('epoch'), undefined, 'flushed');
    expect(log.flushedBatch).toBe(2);
    expect(scanAll(files.afterPowerLoss(nothingIsWritten)).records).toHaveLength(2);
    await log.close();
  });

  test('flush resolves once everything before it is flushed, whether it is written already or not', async () => {
    const files = new MemoryFiles();
    const { log, journal } = await openWith(files, { syncIntervalMs: neverMs });
    await log.flush();
    await journal.append(1, payloadOf('written'), 1);
    await log.flush();
    expect(scanAll(files.afterPowerLoss(nothingIsWritten)).records).toHaveLength(1);
    void journal.append(1, payloadOf('appended'), 2);
    await log.flush();
    expect(scanAll(files.afterPowerLoss(nothingIsWritten)).records).toHaveLength(2);
    await log.close();
  });

  test('what was appended before flushSoon is flushed at once, whether it is written already or not; later records wait', async () => {
    const files = new MemoryFiles();
    let onProgress = (): void => {};
    const { log, journal } = await openWith(files, { syncIntervalMs: neverMs, onProgress: () => onProgress() });
    const flushed = (batch: number) =>
      new Promise<void>((resolve) => {
        onProgress = () => log.flushedBatch >= batch && resolve();
      });
    log.flushSoon();
    await journal.append(1, payloadOf('written'), 1);
    expect(log.flushedBatch).toBe(0);
    let reached = flushed(1);
    log.flushSoon();
    await reached;
    void journal.append(1, payloadOf('appended'), 2);
    reached = flushed(2);
    log.flushSoon();
    await reached;
    await journal.append(1, payloadOf('later'), 3);
    await nextTurn();
    expect(scanAll(files.afterPowerLoss(nothingIsWritten)).records.map(({ payload }) => payload)).toEqual([
      'written',
      'appended',
    ]);
    await log.close();
  });

  test('flushSoon during a flush is followed by another one', async () => {
    const files = new MemoryFiles();
    let onProgress = (): void => {};
    const { log, journal } = await openWith(files, { syncIntervalMs: neverMs, onProgress: () => onProgress() });
    await journal.append(1, payloadOf('a'), 1);
    log.flushSoon();
    const kept = journal.append(1, payloadOf('b'), 2);
    log.flushSoon();
    await new Promise<void>((resolve) => {
      onProgress = () => log.flushedBatch >= 2 && resolve();
    });
    await kept;
    expect(scanAll(files.afterPowerLoss(nothingIsWritten)).records).toHaveLength(2);
    await log.close();
  });

  test('batches that were lost before they were flushed are no damage, though later ones are there', async () => {
    const files = new MemoryFiles();
    const { journal } = await openWith(files, { syncIntervalMs: neverMs });
    await journal.append(1, payloadOf('flushed'), 1, 'flushed');
    for (let index = 2; index < 6; index++) await journal.append(1, payloadOf(`unflushed ${index} `, 600), index);
    const used = scanAll(files.afterExit()).outcome.position;
    for (let lost = 8; lost * 512 < used; lost++) {
      const found = scanAll(files.afterPowerLoss((_, sector) => sector !== lost));
      expect(found.outcome.kind, `sector ${lost}`).toBe('torn');
      expect(found.records.length).toBeGreaterThan(0);
      expect(found.records.length).toBeLessThan(5);
    }
  });

  test('what a log of an ended process has found is flushed before it is used', async () => {
    const files = new MemoryFiles();
    const { journal } = await openWith(files, { syncIntervalMs: neverMs });
    await Promise.all([journal.append(1, payloadOf('a'), 1), journal.append(1, payloadOf('b'), 2)]);
    expect(scanAll(files.afterPowerLoss(nothingIsWritten)).records).toHaveLength(0);
    const left = files.afterExit();
    await openWith(left);
    expect(scanAll(left.afterPowerLoss(nothingIsWritten)).records).toHaveLength(2);
  });
});

describe('a failure', () => {
  test.each(['write', 'flush'] as const)(
    'of a %s ends the log: nothing is kept, written or flushed any more',
    async (failing) => {
      const files = new MemoryFiles();
      const { log, journal } = await openWith(files);
      await journal.append(1, payloadOf('kept'), 1);
      const operations: FileOperation[] = [];
      let failures = 0;
      files.before = (operation, path) => {
        if (!path.endsWith('.wal')) return;
        operations.push(operation);
        if (operation === failing && failures++ === 0) throw Object.assign(new Error('the device is broken'), { code: 'EIO' });
      };
      const kept = appendAll(journal, ['lost']);
      await expect(log.failure).resolves.toMatchObject({ message: 'the device is broken' });
      const before = operations.length;
      kept.push(...appendAll(journal, ['later']));
      await expect(log.close()).rejects.toThrow('the device is broken');
      await nextTurn();
      expect(kept).toEqual([]);
      expect(operations).toHaveLength(before);
    },
  );

  test('of a flush at the interval ends the log', async () => {
    const files = new MemoryFiles();
    const { log, journal } = await openWith(files, { syncIntervalMs: 1 });
    files.before = (operation, path) => {
      if (operation === 'flush' && path.endsWith('.wal')) throw new Error('the device is broken');
    };
    await journal.append(1, payloadOf('written'), 1);
    await expect(log.failure).resolves.toMatchObject({ message: 'the device is broken' });
    expect(log.flushedBatch).toBe(0);
  });

  test('of a thread ends the log', async () => {
    const files = new MemoryFiles();
    const ended = new Error('the thread has ended');
    let isEnded = false;
    const startThread = () => {
      const thread = threadOn(files);
      return { ...thread, run: (job: Parameters<typeof thread.run>[0]) => (isEnded ? Promise.reject(ended) : thread.run(job)) };
    };
    const { log, journal } = await openWith(files, { startThread });
    isEnded = true;
    const kept = appendAll(journal, ['lost']);
    expect(await log.failure).toBe(ended);
    expect(kept).toEqual([]);
  });
});

test('a log without space for its first segment does not open', async () => {
  const files = new MemoryFiles();
  files.capacity = segmentBytes / 2;
  await expect(openWith(files)).rejects.toMatchObject({ code: 'ENOSPC' });
  expect([...files.files.keys()]).toEqual([]);
  expect(files.openFiles).toBe(0);
});

test('a log whose folder cannot be written does not open', async () => {
  const files = new MemoryFiles();
  files.before = (operation) => {
    if (operation === 'open') throw Object.assign(new Error('not permitted'), { code: 'EACCES' });
  };
  await expect(openWith(files)).rejects.toMatchObject({ code: 'EACCES' });
});
