/** Which batches the event loop writes itself, and which are written by the thread. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import type { LogJob } from './log-jobs.js';
import { MemoryFiles } from './memory-files.fixture.js';
import { payloadOf, replicaOf, scanAll, TestLog, threadOn } from './wal.fixture.js';

const replica = replicaOf(0);
/** A timer that never fires. */
const neverMs = 2 ** 31 - 1;

afterEach(() => vi.restoreAllMocks());

/** Jobs wait at it until it is open. */
class Gate {
  open = (): void => {};
  /** A job has come. */
  reach = (): void => {};
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
  readonly reached = new Promise<void>((resolve) => {
    this.reach = resolve;
  });
}

/** A log with one record, so that its segment has begun, and the number of writes of its threads. */
async function openWith(syncIntervalMs: number | undefined) {
  const files = new MemoryFiles();
  let threadWrites = 0;
  const gates = new Map<string, Gate>();
  const startThread = () => {
    const thread = threadOn(files);
    const run: typeof thread.run = async (job) => {
      if (job.kind === 'write') threadWrites++;
      gates.get(job.kind)?.reach();
      await gates.get(job.kind)?.opened;
      return thread.run(job);
    };
    return { ...thread, run };
  };
  const { log, journal } = await TestLog.open(files, { syncIntervalMs, startThread }, [replica]).then((opened) => ({
    log: opened.log,
    journal: opened.journal(replica),
  }));
  await journal.append(1, payloadOf('first'), 1);
  threadWrites = 0;
  let seq = 1;
  return {
    files,
    log,
    append: (keptWhen?: 'flushed', bytes = 10) => journal.append(1, payloadOf('a', bytes), ++seq, keptWhen),
    threadWrites: () => threadWrites,
    /** The thread does jobs of this kind only once the gate is open. */
    hold: (kind: LogJob['kind'], gate: Gate) => void gates.set(kind, gate),
  };
}

test('a batch that need not be flushed is written at the end of the turn, without the thread', async () => {
  const { files, log, append, threadWrites } = await openWith(neverMs);
  let isKept = false;
  void append().then(() => {
    isKept = true;
  });
  await nextTurn();
  expect(isKept).toBe(true);
  expect(threadWrites()).toBe(0);
  expect(scanAll(files.afterExit()).records).toHaveLength(2);
  await log.close();
  expect(scanAll(files.afterPowerLoss(() => false)).records).toHaveLength(2);
});

test('the log is closed while batches wait for the end of the turn - they are written, in order, and flushed', async () => {
  const { files, log, append } = await openWith(neverMs);
  const kept: number[] = [];
  void append().then(() => kept.push(1));
  void append('flushed').then(() => kept.push(2));
  void append().then(() => kept.push(3));
  await log.close();
  await nextTurn();
  expect(kept).toEqual([1, 2, 3]);
  expect(scanAll(files.afterPowerLoss(() => false)).records).toHaveLength(4);
});

test('nothing is written, or counts as kept, after the log was closed while the thread wrote', async () => {
  const { files, log, append, hold } = await openWith(neverMs);
  const [flush, write, close] = [new Gate(), new Gate(), new Gate()];
  hold('flush', flush);
  hold('write', write);
  hold('close', close);
  void append();
  const closed = log.close();
  // Appended too late for the flush of the end.
  void append('flushed');
  await nextTurn();
  let isKept = false;
  void append().then(() => {
    isKept = true;
  });
  flush.open();
  await close.reached;
  let writes = 0;
  files.before = (operation) => {
    if (operation === 'write') writes++;
  };
  write.open();
  await expect.poll(() => writes).toBeGreaterThan(0);
  await nextTurn();
  // The one of the thread.
  expect([writes, isKept]).toEqual([1, false]);
  close.open();
  await closed;
});

test('a batch that must be flushed is written by the thread', async () => {
  const { log, append, threadWrites } = await openWith(neverMs);
  await append('flushed');
  expect(threadWrites()).toBe(1);
  await log.close();
  const always = await openWith(undefined);
  await always.append();
  expect(always.threadWrites()).toBe(1);
  await always.log.close();
});

test('the first batch of a segment is written by the thread, which flushes the segment before', async () => {
  const { files, log, append, threadWrites } = await openWith(neverMs);
  const before = log.segment;
  while (log.segment === before) await append(undefined, 1_000);
  expect(threadWrites()).toBe(1);
  await log.close();
  expect(scanAll(files.afterExit()).outcome.kind).toBe('end');
});

test('while a flush is under way the thread writes, and after it the event loop does again', async () => {
  const { log, append, threadWrites, hold } = await openWith(neverMs);
  const flush = new Gate();
  hold('flush', flush);
  const flushed = log.flush();
  await append();
  expect(threadWrites()).toBe(1);
  flush.open();
  await flushed;
  await append();
  expect(threadWrites()).toBe(1);
  await log.close();
});

test('after a write that had to wait, the thread writes for a while', async () => {
  const { files, log, append, threadWrites } = await openWith(neverMs);
  let nowMs = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  files.before = (operation) => {
    if (operation === 'write') nowMs += 100;
  };
  await append();
  files.before = () => {};
  expect(threadWrites()).toBe(0);
  await append();
  expect(threadWrites()).toBe(1);
  nowMs += 60_000;
  await append();
  expect(threadWrites()).toBe(1);
  await log.close();
});

test('a write of the event loop that fails ends the log', async () => {
  const { files, log, append } = await openWith(neverMs);
  files.before = (operation) => {
    if (operation === 'write') throw new Error('the device is broken');
  };
  let isKept = false;
  void append().then(() => {
    isKept = true;
  });
  await expect(log.failure).resolves.toMatchObject({ message: 'the device is broken' });
  await nextTurn();
  expect(isKept).toBe(false);
});
