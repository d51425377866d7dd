import { expect, test } from 'vitest';
import { databaseWalkthrough } from '../../local/database-walkthrough.js';
import { PostgresProcesses } from '../../local/postgres-processes.js';
import { createStepRunner } from '../../local/steps.js';

const extra = ['--replace-after-ms', '500', '--max-data', '1GiB'];

test('the walk with databases: the primary stops, another node answers, and the copy is made anew in another database', async () => {
  await using started = await PostgresProcesses.start({ nodes: 4, extra });
  const runner = createStepRunner(() => {});
  const { primary, successor, newHolder } = await databaseWalkthrough(started, runner);
  expect(new Set([primary, successor, newHolder]).size).toBe(3);
});
