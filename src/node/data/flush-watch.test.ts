import { expect, test } from 'vitest';
import type { LogFlush } from '../../storage/wal/index.js';
import { FlushWatch } from './flush-watch.js';

test('every flush is passed on; of slow ones a warning is logged, at most once a minute, which counts those without one', () => {
  const warnings: object[] = [];
  const seen: LogFlush[] = [];
  let nowMs = 0;
  const watch = new FlushWatch({ warn: (fields: object) => warnings.push(fields) } as never, () => nowMs);
  watch.listener = (flush) => seen.push(flush);
  const flushes = [
    [0, 999],
    [1, 1_000],
    [20_000, 3_000.4],
    [59_000, 2_000],
    [60_001, 1_500],
    [90_000, 10],
  ] as const;
  for (const [atMs, durationMs] of flushes) {
    nowMs = atMs;
    watch.flushed({ durationMs, bytes: 100 });
  }
  expect(seen.map(({ durationMs }) => durationMs)).toEqual(flushes.map(([, durationMs]) => durationMs));
  expect(warnings).toEqual([
    { flushMs: 1_000, bytes: 100, slowFlushes: 1, slowestMs: 1_000 },
    { flushMs: 1_500, bytes: 100, slowFlushes: 3, slowestMs: 3_000 },
  ]);
});
