/**
 * Ten thousand schedules of faults on the simulated cluster, through the command that anyone can run. A failure prints its
 * seed and the schedule made small; `npm run simulate -- --first <seed> --seeds 1` runs it again.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { BatchResult } from '../../simulation/batch.js';

const schedules = 10_000;
const firstSeed = 1_000_001;
const outputBytes = 64 * 1024 * 1024;
/** Three minutes on two idle cores is the promise; a machine that does other things as well takes longer. */
const timeoutMs = 900_000;

const runner = join(import.meta.dirname, '../../dist/simulation/simulate.js');

it(`simulation - ${schedules} schedules lose, bend and block nothing`, { timeout: timeoutMs }, () => {
  if (!existsSync(runner)) throw new Error(`${runner} is not built: run npm run build`);
  const options = ['--seeds', String(schedules), '--first', String(firstSeed), '--json'];
  const { stdout, stderr } = spawnSync(process.execPath, [runner, ...options], { encoding: 'utf8', maxBuffer: outputBytes });
  if (stdout === '') throw new Error(`the runner failed: ${stderr.slice(-2000)}`);
  const result = JSON.parse(stdout) as BatchResult;
  expect(result.failures.map(({ script }) => script).join('\n\n')).toBe('');
  expect(result.schedules).toBe(schedules);
  expect(result.leastEvents).toBeGreaterThanOrEqual(200);
  expect(result.leastFaults).toBeGreaterThanOrEqual(3);
});
