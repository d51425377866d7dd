import { describe, expect, test } from 'vitest';
import { scenarioId, type Trial } from './scenarios.js';
import { type Choice, select } from './selection.js';

const usual: Choice = { full: false, series: [], only: [], scenario: undefined };
const named = (trials: readonly Trial[]) => trials.map(({ store, scenario }) => `${store} ${scenarioId(scenario)}`);

describe('selection of trials', () => {
  test('by default the trials are those of the goals, for about a quarter of an hour', () => {
    const names = named(select(usual));
    expect(names).toHaveLength(45);
    expect(names).toContain('redis-wait put/100B/10000keys/1fly');
    expect(names).toContain('kvnode put-one/100B/10000keys/256fly');
    expect(names).toContain('etcd mixed-zipf/100B/10000keys/1024fly');
    expect(names.some((name) => name.startsWith('redis-wait get/'))).toBe(false);
  });

  test('--full has the default trials and every series, each once', () => {
    const full = named(select({ ...usual, full: true }));
    expect(new Set(full).size).toBe(full.length);
    const series = select({ ...usual, series: ['nodes', 'api', 'threads', 'latency'] });
    expect(full).toEqual(expect.arrayContaining([...named(select(usual)), ...named(series)]));
  });

  test('the trials of one keyspace and value size stand together for each store, except for the series', () => {
    const trials = select({ ...usual, full: true, only: ['etcd'] }).filter(({ scenario }) => scenario.pace === 'highest');
    const groups = trials.map(({ scenario }) => `${scenario.keyspace} ${scenario.valueBytes}`);
    expect(groups.filter((group, index) => group !== groups[index - 1])).toHaveLength(4);
  });

  test('stores and scenarios can be chosen', () => {
    expect(named(select({ ...usual, only: ['redis', 'kvnode'], scenario: /^get.*\/256fly$/ }))).toEqual([
      'kvnode get/100B/10000keys/256fly',
      'redis get/100B/10000keys/256fly',
    ]);
  });

  test('the series of threads has only kvnode', () => {
    expect(named(select({ ...usual, series: ['threads'], scenario: /put/ }))).toEqual([
      'kvnode put/100B/10000keys/256fly',
      'kvnode put/100B/10000keys/256fly/2threads',
      'kvnode put/100B/10000keys/256fly/4threads',
      'kvnode put/100B/10000keys/256fly/8threads',
    ]);
  });
});
