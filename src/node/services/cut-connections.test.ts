import type { Logger } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CutConnections } from './cut-connections.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

test('the first cut is logged at once, and those that follow within a minute together', () => {
  const lines: unknown[] = [];
  const cut = new CutConnections({ warn: (fields: unknown) => lines.push(fields) } as unknown as Logger);
  cut.count('silent');
  for (let second = 0; second < 60; second++) {
    vi.advanceTimersByTime(1_000);
    cut.count(second % 2 === 0 ? 'malformed' : 'silent');
  }
  expect(lines).toEqual([{ silent: 1 }, { malformed: 30, silent: 30 }]);
  expect(cut.counts).toMatchObject({ silent: 31, malformed: 30, unknown_rpc: 0 });
});
