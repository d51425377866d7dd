import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LogOutput } from './log-output.js';
import { createLogger } from './logger.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvnode-logger-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The text of a log of this format after lines were lost and a reader has returned. */
async function afterLosses(format: string): Promise<string[]> {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const first = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const output = LogOutput.open(openSync(pipe, constants.O_WRONLY), { retryWhenFailedMs: 1 });
  closeSync(first);
  const logger = await createLogger('info', format, output);
  logger.info({ shard: 1 }, 'lost');
  logger.debug('below the level');
  expect(output.droppedLines).toBe(1);
  const next = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  await vi.waitFor(() => expect(output.problem).toBeUndefined(), 30_000);
  logger.info({ shard: 2 }, 'written');
  const chunk = Buffer.alloc(4_096);
  return chunk.toString('utf8', 0, readSync(next, chunk)).trimEnd().split('\n');
}

test('json - one object a line, the report of lost lines among them', async () => {
  const [report, written, ...more] = (await afterLosses('json')).map((line) => JSON.parse(line));
  expect(more).toEqual([]);
  expect(report).toMatchObject({ level: 40, lines: 1, reason: expect.stringContaining('EPIPE') });
  expect(report.msg).toMatch(/^log lines were dropped/);
  expect(written).toMatchObject({ level: 30, shard: 2, msg: 'written' });
  expect(Object.keys(written)).toEqual(['level', 'time', 'shard', 'msg']);
});

test('text - one line to read for each record, the report of lost lines among them', async () => {
  const [report, written, ...more] = await afterLosses('text');
  expect(more).toEqual([]);
  expect(report).toMatch(/WARN.*: log lines were dropped.*"lines":1/);
  expect(written).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: written \{"shard":2\}$/);
});
