/**
 * Whole nodes under seeded faults: every history is linearizable, no acknowledged write is lost, operations on one key
 * of one stream take effect in their order, and the cluster recovers. `SHELL_FIRST` and `SHELL_SEEDS` choose other
 * seeds.
 */
import { expect, test } from 'vitest';
import { runSchedule } from './schedule.js';

const { SHELL_FIRST = '1', SHELL_SEEDS = '6' } = process.env;
const seeds = Array.from({ length: Number(SHELL_SEEDS) }, (_, at) => Number(SHELL_FIRST) + at);

test.each(seeds)('whole nodes under faults, seed %i', async (seed) => {
  const { operations, answered, dumps, pages } = await runSchedule(seed);
  expect(operations).toBeGreaterThan(50);
  expect(answered).toBeGreaterThan(operations / 4);
  expect(dumps).toBeGreaterThan(2);
  expect(pages).toBeGreaterThan(2);
});

test('a seed repeats the same run', async () => {
  const first = await runSchedule(3);
  expect(await runSchedule(3)).toEqual(first);
});
