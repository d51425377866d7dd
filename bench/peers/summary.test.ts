import { describe, expect, test } from 'vitest';
import { judgeGoals } from './goals.js';
import type { BenchScenario, StoreName } from './scenarios.js';
import type { Result } from './store-session.js';
import { ratioOf, spreadOf, summarise } from './summary.js';

const put: BenchScenario = { mix: 'put', valueBytes: 100, keyspace: 10_000, inFlight: 256, threads: 1, pace: 'highest' };

function result(store: StoreName, round: number, operationsPerSecond: number, scenario: BenchScenario = put, p50Ms = 1): Result {
  const measured = { operationsPerSecond, p50Ms, p99Ms: 2, failed: 1, firstFailure: undefined, clientCpuMicroseconds: 10 };
  return { store, scenario, round, measured, serversCpuMicroseconds: 20, loadAverage: 1 };
}

describe('medians and spread', () => {
  test.each([
    [[], undefined],
    [[3], { median: 3, lowest: 3, highest: 3 }],
    [[10, 2, 9], { median: 9, lowest: 2, highest: 10 }],
    [[4, 1, 3, 2], { median: 2.5, lowest: 1, highest: 4 }],
  ])('of %j', (values, expected) => {
    expect(spreadOf(values)).toEqual(expected);
  });

  test('each trial is summarised on its own', () => {
    const results = [result('kvnode', 1, 10), result('redis', 1, 100), result('kvnode', 2, 30), result('kvnode', 3, 20)];
    const [own, other] = summarise(results);
    expect(own).toMatchObject({ store: 'kvnode', rounds: 3, failed: 3 });
    expect(own?.operationsPerSecond).toEqual({ median: 20, lowest: 10, highest: 30 });
    expect(own?.serversCpuMicroseconds.median).toBe(20);
    expect(other).toMatchObject({ store: 'redis', rounds: 1 });
  });

  test('a ratio is computed within each round that has both trials', () => {
    // In the second round the machine was ten times slower for both.
    const results = [result('kvnode', 1, 50), result('redis', 1, 100), result('kvnode', 2, 4), result('redis', 2, 10)];
    const names = [
      { store: 'kvnode', scenario: put },
      { store: 'redis', scenario: put },
    ] as const;
    const expected = { median: 0.45, lowest: 0.4, highest: 0.5 };
    expect(ratioOf([...results, result('kvnode', 3, 1)], ...names, 'operationsPerSecond')).toEqual(expected);
    expect(ratioOf([result('kvnode', 1, 50)], ...names, 'operationsPerSecond')).toBeUndefined();
  });
});

describe('goals', () => {
  const goal = (results: Result[], name: string, shape: string) =>
    judgeGoals(results).find((one) => one.name === name && one.shape === shape);

  test('a rate must be at least the wanted multiple', () => {
    const results = (rate: number) => [result('redis', 1, 100), result('kvnode', 1, rate)];
    expect(goal(results(100), 'put-redis', '1x256')).toMatchObject({ reached: 'yes', wanted: 1 });
    expect(goal(results(99), 'put-redis', '1x256')).toMatchObject({ reached: 'no' });
  });

  test('a time must be at most the wanted multiple', () => {
    const single = { ...put, inFlight: 1 };
    const results = (p50Ms: number) => [result('redis-wait', 1, 1, single, 2), result('kvnode', 1, 1, single, p50Ms)];
    expect(goal(results(3.6), 'put-time', '1x1')).toMatchObject({ reached: 'yes' });
    expect(goal(results(3.7), 'put-time', '1x1')).toMatchObject({ reached: 'no' });
  });

  test('a durable put may take half a millisecond beside one and a half flushes', () => {
    const [single, three] = [
      { ...put, inFlight: 1 },
      { ...put, inFlight: 1, threads: 3 },
    ];
    const results = (p50Ms: number) => [result('flush', 1, 1, three, 2), result('kvnode-always', 1, 1, single, p50Ms)];
    expect(goal(results(3.5), 'durable-time', '1x1')).toMatchObject({ reached: 'yes', found: { median: 1.5 } });
    expect(goal(results(3.6), 'durable-time', '1x1')).toMatchObject({ reached: 'no' });
  });

  test('a shape has threads and operations in flight in each', () => {
    const four = { ...put, mix: 'mixed', inFlight: 16, threads: 4 } as const;
    const results = [result('redis-wait', 1, 100, four), result('kvnode', 1, 140, four)];
    expect(goal(results, 'mixed-wait', '4x16')).toMatchObject({ reached: 'yes', found: { median: 1.4 } });
    expect(goal(results, 'mixed-wait', '4x1')).toMatchObject({ reached: undefined });
  });

  test('a goal that only some rounds reach is unclear, for any median', () => {
    const rounds = [200, 200, 90].flatMap((rate, index) => [result('redis', index, 100), result('kvnode', index, rate)]);
    expect(goal(rounds, 'put-redis', '1x256')).toMatchObject({ reached: 'unclear', found: { median: 2 } });
  });

  test('a goal that was not measured is neither reached nor missed', () => {
    const judged = goal([result('kvnode', 1, 125)], 'put-etcd', '1x1024');
    expect(judged).toMatchObject({ found: undefined, reached: undefined });
  });
});
