/** A log whose process ends, or whose machine loses its power, at each of its file operations. */
import { expect } from 'vitest';
import { MemoryFiles } from './memory-files.fixture.js';
import { payloadOf, replicaOf, type ScannedLog, scanAll, TestLog } from './wal.fixture.js';

const replica = replicaOf(0);
/** Flushes in mode `interval` are called by the test: the timer never fires. */
const neverMs = 2 ** 31 - 1;

export type CrashMode = 'always' | 'interval';

interface Crash {
  readonly left: MemoryFiles;
  /** Records that were kept before, and of these the ones that were flushed. */
  readonly kept: number;
  readonly flushed: number;
  /** A snapshot holds the entries up to here, so their records may be gone. */
  readonly covered: number;
}

/**
 * Appends records until `crashAt` file operations have been executed. @returns undefined if that is more than all
 */
async function runUntil(
  start: MemoryFiles,
  mode: CrashMode,
  crashAt: number,
  crash: (files: MemoryFiles) => MemoryFiles,
): Promise<Crash | undefined> {
  const files = start.afterExit();
  let operations = 0;
  let kept = 0;
  let flushed = 0;
  let covered = 0;
  let found: Crash | undefined;
  let reportCrash = (): void => {};
  const crashed = new Promise<void>((resolve) => {
    reportCrash = resolve;
  });
  files.before = () => {
    if (operations++ === crashAt) {
      found = { left: crash(files), kept, flushed, covered };
      reportCrash();
    }
    if (found !== undefined) throw new Error('the machine is off');
  };
  const work = async (): Promise<void> => {
    const options = mode === 'always' ? {} : { syncIntervalMs: neverMs };
    const opened = await TestLog.open(files, options, [replica]);
    const journal = opened.journal(replica);
    const numbers = numbersOf(scanAll(start.afterExit()));
    const before = numbers.at(-1) ?? 0;
    covered = (numbers[0] ?? 1) - 1;
    // What the log has found is used, so it must not be lost any more.
    kept = before;
    flushed = before;
    for (let index = before + 1; index <= before + 24; index++) {
      const mustFlush = index % 5 === 0;
      const payload = payloadOf(`${index} `, 40 + ((index * 311) % 900));
      const appended = journal.append(1, payload, index, mustFlush ? 'flushed' : 'mode');
      const lag = snapshotLag(index - before);
      if (lag !== undefined) {
        covered = index - lag;
        journal.cover(covered);
      }
      await appended;
      kept = index;
      if (mode === 'always' || mustFlush) flushed = index;
      if (index % 7 === 0) {
        await opened.log.flush();
        flushed = index;
      }
    }
    await opened.log.close();
  };
  await Promise.race([work().catch((error: Error) => expect(error.message).toBe('the machine is off')), crashed]);
  return found;
}

/**
 * How many of the newest entries a snapshot lacks that is recorded while the record is written, which may begin a segment. Undefined:
 * there is no snapshot then.
 */
function snapshotLag(count: number): number | undefined {
  if (count === 11) return 6;
  return count > 16 ? 1 : undefined;
}

function numbersOf({ records }: ScannedLog): number[] {
  return records.map(({ payload }) => Number.parseInt(payload, 10));
}

/** Numbers without a gap, from the first one that is not covered up to `atLeast` at least. */
function expectUpTo(found: ScannedLog, covered: number, atLeast: number, place: string): void {
  const numbers = numbersOf(found);
  const first = numbers[0] ?? covered + 1;
  expect(first, place).toBeLessThanOrEqual(covered + 1);
  expect(numbers, place).toEqual(numbers.map((_, index) => first + index));
  expect(numbers.at(-1) ?? 0, place).toBeGreaterThanOrEqual(atLeast);
  expect(found.outcome.kind, place).not.toBe('damaged');
  if (numbers.length > 0) expect(found.checkpoints[0]?.segment, place).toBe(found.records[0]!.segment);
}

/** Some sectors by a rule that differs from crash to crash. */
function lossyPower(seed: number): (files: MemoryFiles) => MemoryFiles {
  return (files) => files.afterPowerLoss((_, sector) => ((sector * 2_654_435_761 + seed * 40_503) >>> 7) % 3 !== 0);
}

const causes = {
  'the process ends': () => (files: MemoryFiles) => files.afterExit(),
  'the power fails': lossyPower,
} as const;

export type CrashCause = keyof typeof causes;

/**
 * Crashes at each file operation of a run, and of two runs that go on from such a crash. What counts as kept must be found again.
 * @returns the number of crashes
 */
export async function crashAtEachOperation(mode: CrashMode, cause: CrashCause): Promise<number> {
  const isSafe = mode === 'always' || cause === 'the process ends';
  let start = new MemoryFiles();
  let crashes = 0;
  for (let run = 1; run <= 3; run++) {
    let crashAt = 0;
    for (; ; crashAt++) {
      const end = await runUntil(start, mode, crashAt, causes[cause](crashAt));
      if (end === undefined) break;
      const place = `${cause} at operation ${crashAt}`;
      expectUpTo(scanAll(end.left.afterExit()), end.covered, isSafe ? end.kept : end.flushed, place);
    }
    crashes += crashAt;
    // The next run goes on from a crash in the middle of this one.
    start = (await runUntil(start, mode, Math.floor(crashAt / 2), causes[cause](crashAt)))!.left;
  }
  return crashes;
}
