/** More schedules of whole nodes (test/shell/schedules.test.ts). */
import { expect, test } from 'vitest';
import { runSchedule } from '../../shell/schedule.js';

const seeds = { first: 1_001, count: 60 };

test(`${seeds.count} schedules of whole nodes under faults`, { timeout: 1_200_000 }, async () => {
  const failures: string[] = [];
  for (let seed = seeds.first; seed < seeds.first + seeds.count; seed++)
    await runSchedule(seed).catch((error: Error) => failures.push(error.message));
  expect(failures).toEqual([]);
});
