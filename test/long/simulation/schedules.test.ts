import { it } from 'vitest';
import { expectSchedulesToHold } from '../../simulation/run-schedules.js';

const schedules = 10_000;
/** Two minutes on two idle cores; a machine that does other things as well takes longer. */
const timeoutMs = 900_000;

it(`simulation - ${schedules} schedules lose, bend and block nothing`, { timeout: timeoutMs }, () => {
  expectSchedulesToHold(schedules, 1_000_001);
});
