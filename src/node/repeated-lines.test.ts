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

function tell(lines: RepeatedLines, shards: number, text: string, sense?: string): void {
  for (let shard = 0; shard < shards; shard++) lines.write(logger, { shard, level: 'info', fields: { shard }, text, sense });
}

test('what few shards have to tell is told in full', () => {
  const lines = new RepeatedLines(logger);
  tell(lines, 4, 'role changed', 'backup');
  tell(lines, 4, 'role changed', 'primary');
  tell(lines, 4, 'serving');
  vi.advanceTimersByTime(1_000);
  expect(written).toHaveLength(12);
});

test('of what many shards tell in a second some lines are written, and of which shards there were more', () => {
  const lines = new RepeatedLines(logger);
  tell(lines, 16, 'role changed', 'backup');
  expect(written).toHaveLength(4);
  vi.advanceTimersByTime(1_000);
  const shards = [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
  const told = { line: 'role changed', sense: 'backup', more: 12, shards };
  expect(written.slice(4)).toEqual([[told, 'the same of more shards']]);
  tell(lines, 1, 'role changed', 'backup');
  expect(written.at(-1)).toEqual([{ shard: 0 }, 'role changed']);
  lines.close();
});

test('of very many shards some are named, and all are counted', () => {
  const lines = new RepeatedLines(logger);
  tell(lines, 256, 'serving');
  lines.close();
  expect(written.at(-1)![0]).toMatchObject({ more: 252, shards: { length: 32 } });
});
