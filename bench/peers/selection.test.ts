import { describe, expect, test } from 'vitest';
import { scenarioId, type Trial } from './scenarios.js';
import { type Choice, select } from './selection.js';

const usual: Choice = { full: false, series: [], goals: [], only: [], scenario: undefined };
const named = (trials: readonly Trial[]) => trials.map(({ store, scenario }) => `${store} ${scenarioId(scenario)}`);

describe('selection of trials', () => {
  test('by default the trials are those of the goals, each once', () => {
    const names = named(select(usual));
    expect(names).toHaveLength(60);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('redis-wait mixed/100B/10000keys/16fly/4threads');
    expect(names).toContain('tcp-model put/100B/10000keys/64fly');
    expect(names).toContain('kvnode put-one/100B/10000keys/256fly');
  });

  test('a goal can be chosen, and one of its shapes', () => {
    expect(named(select({ ...usual, goals: ['mixed-wait'], scenario: /16fly/ }))).toEqual([
      'kvnode mixed/100B/10000keys/16fly/4threads',
      'redis-wait mixed/100B/10000keys/16fly/4threads',
    ]);
  });

  test('a group of goals can be chosen: both sides of each', () => {
    expect(named(select({ ...usual, goals: ['durable'], scenario: /1fly|1024fly/ }))).toEqual([
      'kvnode-always put/100B/10000keys/1024fly',
      'etcd put/100B/10000keys/1024fly',
      'kvnode put/100B/10000keys/1024fly',
      'kvnode-always put/100B/10000keys/1fly',
      'flush put/100B/10000keys/1fly/3threads',
      'kvnode-always get/100B/10000keys/1024fly',
      'kvnode get/100B/10000keys/1024fly',
      'kvnode-interval put/100B/10000keys/1024fly',
    ]);
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
