import type { WriteStream } from 'node:tty';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { GapTracker } from './outages.js';
import { PrimaryTimeline } from './primaries.js';
import { Progress } from './progress.js';
import { BenchRecorder } from './recorder.js';
import { TimeSeries } from './time-series.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Plays one thread with an operation every 10 ms, but none from 2 s to 4 s. */
function play(out: Partial<WriteStream>, untilMs: number, rate?: number): string[] {
  const written: string[] = [];
  const stream = { ...out, write: (text: string) => written.push(text) > 0 } as WriteStream;
  const series = new TimeSeries(1, 10_000);
  const [recorder, gaps] = [new BenchRecorder(0), new GapTracker(0)];
  const progress = new Progress(stream, new PrimaryTimeline(), series, { threads: 1, rate }, 0);
  let nowMs = 0;
  progress.start(() => nowMs);
  while (nowMs < untilMs) {
    nowMs += 10;
    if (nowMs <= 2_000 || nowMs > 4_000) {
      recorder.success('read', 3, nowMs);
      gaps.success(nowMs);
    }
    if (nowMs % 100 === 0) {
      series.add(0, recorder.takeEnded(nowMs), recorder.openIndex);
      const intervals = { intervals: [], openIndex: recorder.openIndex };
      progress.reported(0, { kind: 'progress', ...intervals, gaps: gaps.gapsUntil(nowMs), atMs: nowMs });
    }
    vi.advanceTimersByTime(10);
  }
  progress.stop();
  return written;
}

test('progress - on a terminal: the last second, and during an outage its beginning', () => {
  const written = play({ isTTY: true, columns: 120 }, 4_600);
  expect(written[2]).toBe('\r   1.5 s  100 ops/s  p50/p99 3.00/3.00 ms  0 errors  primary none\x1b[K');
  expect(written).toContain('\r   3.5 s  NO SERVICE for 1.5 s, since 2.0 s  0 errors  primary none\x1b[K');
  expect(written.join('')).toContain('\rno operation succeeded for 2010 ms, from 2.00 s to 4.01 s\x1b[K\n');
  expect(written.at(-1)).toBe('\r\x1b[K');
});

test('progress - elsewhere: a plain line every few seconds', () => {
  expect(play({ isTTY: false }, 5_010)).toEqual([
    'no operation succeeded for 2010 ms, from 2.00 s to 4.01 s\n',
    '   5.0 s  89 ops/s  p50/p99 3.00/3.00 ms  0 errors  primary none\n',
  ]);
});

test('progress - with a rate: the reached and the wanted rate', () => {
  expect(play({ isTTY: false }, 5_010, 400).at(-1)).toContain('   5.0 s  89 of 400 ops/s  ');
});
