import { expect, test } from 'vitest';
import { drawCharts } from './charts.js';
import { summarise } from './summary.js';

test('a chart names every store and scenario, and loads nothing', async () => {
  const scenario = { mix: 'put', valueBytes: 100, keyspace: 10, inFlight: 1, threads: 1, pace: 'highest' } as const;
  const measured = { p50Ms: 1, p99Ms: 2, failed: 0, firstFailure: undefined, clientCpuMicroseconds: 1 };
  const results = (['kvnode', 'redis'] as const).flatMap((store, index) =>
    [1, 2].map((round) => {
      const operationsPerSecond = 1_000 * round * (index + 1);
      return {
        store,
        scenario,
        round,
        measured: { ...measured, operationsPerSecond },
        serversCpuMicroseconds: 1,
        loadAverage: 1,
      };
    }),
  );
  const stores = [
    { name: 'kvnode', title: 'kvnode', note: '' },
    { name: 'redis', title: 'Redis', note: '' },
  ] as const;
  const charts = await drawCharts({ summaries: summarise(results), stores });
  expect(charts.map(({ title }) => title)).toEqual(['Operations per second', 'Times at the highest rate']);
  for (const { svg } of charts) {
    expect(svg).toMatch(/^<svg/);
    for (const text of ['kvnode', 'Redis', 'put/100B/10keys/1fly']) expect(svg).toContain(text);
    expect(svg).not.toMatch(/href|NaN|Infinity/);
  }
});
