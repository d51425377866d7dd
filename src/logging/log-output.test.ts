import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LogOutput, type LogOutputLimits } from './log-output.js';

let folder: string;
let pipe: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvnode-log-'));
  pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
});

// Descriptors stay open: an output goes on trying, and their numbers would soon mean other files.
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const openReader = (): number => openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);

/** Reads the bytes that are in the pipe now. */
function read(fd: number): string {
  const chunk = Buffer.alloc(65_536);
  let text = '';
  for (;;) {
    try {
      const count = readSync(fd, chunk);
      if (count === 0) return text;
      text += chunk.subarray(0, count).toString();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return text;
      throw error;
    }
  }
}

/** Reads until the given text was read. */
async function readUntil(fd: number, expected: string): Promise<string> {
  let text = '';
  await vi.waitFor(() => {
    text += read(fd);
    expect(text).toContain(expected);
  }, 30_000);
  return text;
}

const quick: Partial<LogOutputLimits> = { maxQueuedBytes: 100_000, retryWhenFullMs: 1, retryWhenFailedMs: 1 };

function reporting(output: LogOutput): LogOutput {
  output.onResumed(({ lines, reason }) => `missing ${lines} lines: ${reason}\n`);
  return output;
}

/** A pipe in the mode in which a shell passes it to a program: a write blocks while the pipe is full. */
const blockingPipe = (): number => openSync(pipe, constants.O_RDWR);

/** The ways to write to a pipe: through a description of its own, or a shared one, which is written in the pool. */
const ways = [
  ['opened anew', () => LogOutput.open(blockingPipe(), quick)],
  [
    'non-blocking, in the pool',
    () => new LogOutput({ fd: openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK), mayBlock: true }, quick),
  ],
  ['blocking, in the pool', () => new LogOutput({ fd: blockingPipe(), mayBlock: true }, quick)],
] as const;

describe.each(ways)('a pipe without a reader - %s', (_way, openOutput) => {
  test('nothing waits; lines beyond the queue are dropped, counted, and reported in their place', async () => {
    const output = reporting(openOutput());
    const filler = 'x'.repeat(90);
    const count = 5_000;
    for (let line = 0; line < count; line++) output.write(`${line} ${filler}\n`);
    const dropped = output.droppedLines;
    expect(dropped).toBeGreaterThan(1_000);
    expect(output.problem).toBe('nothing reads the log fast enough');
    const text = await readUntil(openReader(), 'missing');
    const lines = text.trimEnd().split('\n');
    expect(lines.pop()).toBe(`missing ${dropped} lines: nothing reads the log fast enough`);
    expect(lines.map((line) => Number(line.split(' ')[0]))).toEqual(Array.from({ length: count - dropped }, (_, line) => line));
    expect(output).toMatchObject({ problem: undefined, droppedLines: dropped });
    const reader = openReader();
    output.write('after\n');
    expect(await readUntil(reader, 'after')).toBe('after\n');
  });

  test('waiting for the last lines has an end', async () => {
    const output = reporting(openOutput());
    for (let line = 0; line < 2_000; line++) output.write(`${'x'.repeat(90)}\n`);
    await output.flush(10);
    output.flushNow(10);
    // A thread that waits in the kernel would keep the process of the test from ending.
    await readUntil(openReader(), 'missing');
  });
});

test('a write that waits for its reader in the pool is seen, so that the end of the process does not wait for it', async () => {
  const output = reporting(new LogOutput({ fd: blockingPipe(), mayBlock: true }, quick));
  expect(output.isStuck).toBe(false);
  for (let line = 0; line < 1_000; line++) output.write(`${'x'.repeat(90)}\n`);
  await vi.waitFor(() => expect(output.isStuck).toBe(true), 30_000);
  const reader = openReader();
  await vi.waitFor(() => {
    read(reader);
    expect(output.isStuck).toBe(false);
  }, 30_000);
});

test('a reader that has gone: lines are dropped, and the next reader gets a report of them', async () => {
  const reader = openReader();
  const output = reporting(LogOutput.open(openSync(pipe, constants.O_WRONLY), quick));
  output.write('heard\n');
  expect(read(reader)).toBe('heard\n');
  closeSync(reader);
  output.write('lost\n');
  output.write('lost too\n');
  expect(output).toMatchObject({ droppedLines: 2, problem: expect.stringContaining('EPIPE') });
  const next = openReader();
  expect(await readUntil(next, 'missing')).toMatch(/^missing 2 lines: EPIPE.*\n$/);
  output.write('heard again\n');
  expect(await readUntil(next, 'heard again')).toBe('heard again\n');
  expect(output).toMatchObject({ droppedLines: 2, problem: undefined });
});

test('a line that was written in part ends before the next one begins', async () => {
  const reader = openReader();
  const output = reporting(LogOutput.open(openSync(pipe, constants.O_WRONLY), { ...quick, maxQueuedBytes: 1_000_000 }));
  output.write(`${'x'.repeat(500_000)}\n`);
  closeSync(reader);
  await vi.waitFor(() => expect(output.problem).toContain('EPIPE'), 30_000);
  const text = await readUntil(openReader(), 'missing');
  expect(text).toMatch(/^x*\nmissing 1 lines: EPIPE.*\n$/);
});

test('a full disk: lines are dropped and counted, and nothing else happens', async () => {
  const output = reporting(LogOutput.open(openSync('/dev/full', constants.O_WRONLY), quick));
  for (let line = 0; line < 100; line++) output.write('line\n');
  await vi.waitFor(() => expect(output.droppedLines).toBe(100), 30_000);
  expect(output.problem).toContain('ENOSPC');
  await output.flush(60_000);
});

test('a file: every line is in it, in order, also those that waited when the process ends at once', async () => {
  const path = join(folder, 'file');
  const output = LogOutput.open(openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND), quick);
  output.write('first\n');
  await output.flush(60_000);
  expect(readFileSync(path, 'utf8')).toBe('first\n');
  for (const line of ['second\n', 'third\n', 'last\n']) output.write(line);
  output.flushNow(1_000);
  await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toBe('first\nsecond\nthird\nlast\n'), 30_000);
});
