import { it } from 'vitest';
import { expectSchedulesToHold } from './run-schedules.js';

const schedules = 500;
/** Some seconds on two idle cores. A busy machine takes longer. */
const timeoutMs = 300_000;

it(`simulation - ${schedules} schedules lose, bend and block nothing`, { timeout: timeoutMs }, () => {
  expectSchedulesToHold(schedules, 1);
});
