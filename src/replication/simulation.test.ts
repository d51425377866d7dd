import { expect, it } from 'vitest';
import { runSchedule } from './testing/simulation.fixture.js';

const schedules = 200;
const steps = 150;

/** A quick check in this process. `npm run simulate` runs any number of schedules, and shrinks a failing one. */
it(`simulation - ${schedules} schedules of faults lose, bend and block nothing`, { timeout: 300_000 }, () => {
  const failures: string[] = [];
  for (let seed = 1; seed <= schedules; seed++) {
    try {
      runSchedule({ seed, steps });
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  expect(failures).toEqual([]);
});
