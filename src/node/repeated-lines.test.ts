import type { Logger } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RepeatedLines } from './repeated-lines.js';

let written: [object, string][];
let logger: Logger;

beforeEach(() => {
  vi.useFakeTimers();
  written = [];
  logger = { info: (fields: object, text: string) => written.push([fields, text]) } as unknown as Logger;
});

afterEach(() => vi.useRealTimers());

test('what few shards have to tell is told in full', () => {
  const lines = new RepeatedLines(logger);
  for (let shard = 0; shard < 20; shard++) lines.write(logger, 'info', { shard }, 'role changed');
  lines.write(logger, 'info', { shard: 3 }, 'serving');
  vi.advanceTimersByTime(1_000);
  expect(written).toHaveLength(21);
});

test('of what many shards tell in a second some lines are written, and how many more there were', () => {
  const lines = new RepeatedLines(logger);
  for (let shard = 0; shard < 256; shard++) lines.write(logger, 'info', { shard }, 'role changed');
  expect(written).toHaveLength(20);
  vi.advanceTimersByTime(1_000);
  expect(written.at(-1)).toEqual([{ line: 'role changed', more: 236 }, 'the same of more shards']);
  lines.write(logger, 'info', { shard: 0 }, 'role changed');
  expect(written.at(-1)).toEqual([{ shard: 0 }, 'role changed']);
  lines.close();
});
