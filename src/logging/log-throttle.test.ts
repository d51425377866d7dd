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

function write(throttle: LogThrottle, shards: number, text: string, sense?: string): void {
  for (let shard = 0; shard < shards; shard++) throttle.write(logger, { shard, level: 'info', fields: { shard }, text, sense });
}

test('the lines of few shards are written in full', () => {
  const throttle = new LogThrottle(logger);
  write(throttle, 4, 'role changed', 'backup');
  write(throttle, 4, 'role changed', 'primary');
  write(throttle, 4, 'serving');
  vi.advanceTimersByTime(1_000);
  expect(written).toHaveLength(12);
});

test('of many equal lines in a second a few are written, and a summary names the shards of the others', () => {
  const throttle = new LogThrottle(logger);
  write(throttle, 16, 'role changed', 'backup');
  expect(written).toHaveLength(4);
  vi.advanceTimersByTime(1_000);
  const shards = [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
  const summary = { line: 'role changed', sense: 'backup', more: 12, shards };
  expect(written.slice(4)).toEqual([[summary, 'the same of more shards']]);
  throttle.close();
});

test('repeated lines are only summed up, ever more rarely, and after a pause lines are written in full again', () => {
  const throttle = new LogThrottle(logger);
  for (let second = 0; second < 30; second++) {
    write(throttle, 200, 'serving');
    vi.advanceTimersByTime(1_000);
  }
  vi.advanceTimersByTime(1_000);
  expect(written.slice(4).map(([, text]) => text)).toEqual(Array(5).fill('the same of more shards'));
  const counted = written.slice(4).reduce((sum, [fields]) => sum + (fields as { more: number }).more, 4);
  expect(counted).toBe(30 * 200);
  vi.advanceTimersByTime(32_000);
  const { length } = written;
  write(throttle, 3, 'serving');
  expect(written.slice(length)).toEqual([0, 1, 2].map((shard) => [{ shard }, 'serving']));
  throttle.close();
});

test('few lines in the window after many are summed up, none is left out', () => {
  const throttle = new LogThrottle(logger);
  write(throttle, 5, 'serving');
  vi.advanceTimersByTime(1_000);
  write(throttle, 2, 'serving');
  vi.advanceTimersByTime(2_000);
  expect(written.at(-1)![0]).toMatchObject({ more: 2, shards: [0, 1] });
  throttle.close();
});

test('a summary of very many shards names some of them, and counts all', () => {
  const throttle = new LogThrottle(logger);
  write(throttle, 256, 'serving');
  throttle.close();
  expect(written.at(-1)![0]).toMatchObject({ more: 252, shards: { length: 32 } });
});
