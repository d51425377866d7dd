import type { Logger } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LogThrottle } from './log-throttle.js';

let written: [object, string][];
let logger: Logger;

beforeEach(() => {
  vi.useFakeTimers();
  written = [];
  logger = { info: (fields: object, text: string) => written.push([fields, text]) } as unknown as Logger;
});

afterEach(() => vi.useRealTimers());

function tell(lines: LogThrottle, shards: number, text: string, sense?: string): void {
  for (let shard = 0; shard < shards; shard++) lines.write(logger, { shard, level: 'info', fields: { shard }, text, sense });
}

test('what few shards have to tell is told in full', () => {
  const lines = new LogThrottle(logger);
  tell(lines, 4, 'role changed', 'backup');
  tell(lines, 4, 'role changed', 'primary');
  tell(lines, 4, 'serving');
  vi.advanceTimersByTime(1_000);
  expect(written).toHaveLength(12);
});

test('of what many shards tell in a second some lines are written, and of which shards there were more', () => {
  const lines = new LogThrottle(logger);
  tell(lines, 16, 'role changed', 'backup');
  expect(written).toHaveLength(4);
  vi.advanceTimersByTime(1_000);
  const shards = [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
  const told = { line: 'role changed', sense: 'backup', more: 12, shards };
  expect(written.slice(4)).toEqual([[told, 'the same of more shards']]);
  lines.close();
});

test('what goes on is only summed up, ever less often, and what has ceased is told in full again', () => {
  const lines = new LogThrottle(logger);
  for (let second = 0; second < 30; second++) {
    tell(lines, 200, 'serving');
    vi.advanceTimersByTime(1_000);
  }
  vi.advanceTimersByTime(1_000);
  expect(written.slice(4).map(([, text]) => text)).toEqual(Array(5).fill('the same of more shards'));
  const counted = written.slice(4).reduce((sum, [fields]) => sum + (fields as { more: number }).more, 4);
  expect(counted).toBe(30 * 200);
  vi.advanceTimersByTime(32_000);
  const { length } = written;
  tell(lines, 3, 'serving');
  expect(written.slice(length)).toEqual([0, 1, 2].map((shard) => [{ shard }, 'serving']));
  lines.close();
});

test('few lines that come while others were many are summed up, none is left out', () => {
  const lines = new LogThrottle(logger);
  tell(lines, 5, 'serving');
  vi.advanceTimersByTime(1_000);
  tell(lines, 2, 'serving');
  vi.advanceTimersByTime(2_000);
  expect(written.at(-1)![0]).toMatchObject({ more: 2, shards: [0, 1] });
  lines.close();
});

test('of very many shards some are named, and all are counted', () => {
  const lines = new LogThrottle(logger);
  tell(lines, 256, 'serving');
  lines.close();
  expect(written.at(-1)![0]).toMatchObject({ more: 252, shards: { length: 32 } });
});
