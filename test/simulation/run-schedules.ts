/** Schedules of faults on the simulated cluster, through the command that anyone can run. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { BatchResult } from '../../simulation/schedule/batch.js';

const outputBytes = 64 * 1024 * 1024;
const runner = join(import.meta.dirname, '../../dist/simulation/simulate.js');

/**
 * Runs this many schedules, the first from `firstSeed`, and expects that none of them fails. A failure prints its seed and the
 * schedule made small; `npm run simulate -- --first <seed> --seeds 1` runs it again.
 */
export function expectSchedulesToHold(schedules: number, firstSeed: number): void {
  if (!existsSync(runner)) throw new Error(`${runner} is not built: run npm run build`);
  const options = ['--seeds', String(schedules), '--first', String(firstSeed), '--json'];
  const { stdout, stderr } = spawnSync(process.execPath, [runner, ...options], { encoding: 'utf8', maxBuffer: outputBytes });
  if (stdout === '') throw new Error(`the runner failed: ${stderr.slice(-2000)}`);
  const result = JSON.parse(stdout) as BatchResult;
  expect(result.failures.map(({ script }) => script).join('\n\n')).toBe('');
  expect(result.schedules).toBe(schedules);
  expect(result.leastEvents).toBeGreaterThanOrEqual(200);
  expect(result.leastFaults).toBeGreaterThanOrEqual(3);
}
