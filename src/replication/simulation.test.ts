import { expect, it } from 'vitest';
import { runSchedule } from './testing/simulation.fixture.js';

const schedules = Number(process.env.SCHEDULES ?? 400);
const firstSeed = Number(process.env.SEED ?? 1);
const steps = 400;

/** Run one again with SEED=<seed> SCHEDULES=1. */
it(`simulation - ${schedules} schedules of faults lose, bend and block nothing`, { timeout: 3_600_000 }, () => {
  const failures: string[] = [];
  for (let seed = firstSeed; seed < firstSeed + schedules; seed++) {
    try {
      runSchedule({ seed, steps });
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  const summary = failures.map((failure) => failure.split('\n')[0]);
  expect(failures, `${failures.length} failed:\n${summary.join('\n')}\nthe first:\n${failures[0]}`).toEqual([]);
});
