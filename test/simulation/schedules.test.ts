import { it } from 'vitest';
import { expectSchedulesToHold } from './run-schedules.js';

const schedules = 1_000;
/** A quarter of a minute on two idle cores; a machine that does other things as well takes longer. */
const timeoutMs = 300_000;

it(`simulation - ${schedules} schedules lose, bend and block nothing`, { timeout: timeoutMs }, () => {
  expectSchedulesToHold(schedules, 1);
});
