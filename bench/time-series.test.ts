import { describe, expect, test } from 'vitest';
import { BenchRecorder } from './recorder.js';
import { seriesIntervalMs, TimeSeries } from './time-series.js';

describe('time series', () => {
  test('the interval - grows with the duration, from 100 ms to 1 s', () => {
    expect([500, 30_000, 30_001, 150_000, 86_400_000].map(seriesIntervalMs)).toEqual([100, 100, 200, 500, 1_000]);
  });

  test('threads - are added interval by interval, and in total', () => {
    const series = new TimeSeries(2, 1_000);
    const [one, other] = [new BenchRecorder(0), new BenchRecorder(0)];
    one.success('read', 1, 50);
    other.success('read', 4, 60);
    other.failure('write', 'TIMEOUT', 350);
    series.add(1, other.takeRest(), other.openIndex);
    series.add(0, one.takeRest(), one.openIndex);
    expect(series.points()).toEqual([
      {
        index: 0,
        read: { succeeded: 2, failed: 0, latencyMs: { p50: expect.closeTo(1), p99: expect.closeTo(4), max: 4 } },
        write: { succeeded: 0, failed: 0, latencyMs: undefined },
      },
      {
        index: 3,
        read: { succeeded: 0, failed: 0, latencyMs: undefined },
        write: { succeeded: 0, failed: 1, latencyMs: undefined },
      },
    ]);
    expect(series.totals.read).toMatchObject({ succeeded: 2, failed: 0 });
    expect(series.totals.write).toMatchObject({ succeeded: 0, failed: 1 });
  });

  test('a late thread - still adds to the right interval', () => {
    const series = new TimeSeries(2, 1_000);
    const [one, other] = [new BenchRecorder(0), new BenchRecorder(0)];
    for (const atMs of [50, 150, 250]) one.success('read', 1, atMs);
    other.success('read', 1, 55);
    series.add(0, one.takeRest(), one.openIndex);
    series.add(1, other.takeRest(), other.openIndex);
    expect(series.points().map(({ index, read }) => [index, read.succeeded])).toEqual([
      [0, 2],
      [1, 1],
      [2, 1],
    ]);
  });

  test('a long run - has longer intervals', () => {
    const series = new TimeSeries(1, 3_600_000);
    const recorder = new BenchRecorder(0);
    for (const atMs of [50, 950, 1_050]) recorder.success('write', 1, atMs);
    series.add(0, recorder.takeRest(), recorder.openIndex);
    expect(series.points().map(({ index, write }) => [index, write.succeeded])).toEqual([
      [0, 2],
      [1, 1],
    ]);
  });

  test('the last second - the rate and latencies of ten intervals', () => {
    const series = new TimeSeries(1, 10_000);
    expect(series.lastSecond()).toEqual({ operationsPerSecond: 0, latencyMs: undefined });
    const recorder = new BenchRecorder(0);
    for (let atMs = 0; atMs < 3_000; atMs += 10) recorder.success('read', atMs < 1_500 ? 9 : 2, atMs);
    series.add(0, recorder.takeEnded(3_000), recorder.openIndex);
    expect(series.lastSecond()).toEqual({ operationsPerSecond: 100, latencyMs: { p50: 2, p99: 2, max: 2 } });
  });

  test('the last second - empty during an outage', () => {
    const series = new TimeSeries(1, 10_000);
    const recorder = new BenchRecorder(0);
    recorder.success('read', 1, 10);
    series.add(0, recorder.takeEnded(5_000), recorder.openIndex);
    expect(series.lastSecond()).toEqual({ operationsPerSecond: 0, latencyMs: undefined });
  });
});
