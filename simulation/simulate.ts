#!/usr/bin/env node
/**
 * `npm run simulate -- --seeds N`: runs that many schedules on all cores, with progress and rate; ends with 1 and the
 * shrunk schedules if any fails. `--first S --seeds 1` runs one again.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { BatchResult } from './schedule/batch.js';
import { runCampaign } from './schedule/workers.js';

const usage = `simulate [--seeds N] [--first S] [--steps K] [--failures F] [--threads T] [--placing] [--json]
  --seeds     schedules to run                       (10000)
  --first     the first seed                         (1)
  --steps     decisions in a schedule, 120 at least  (150)
  --failures  begin no further schedule after this number of failures (5)
  --threads   worker threads                         (one for each core)
  --placing   run only the seeds in which nodes place several shards by themselves
  --json      the result as one line of JSON
`;

const progressMs = 1000;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    first: { type: 'string', default: '1' },
    steps: { type: 'string', default: '150' },
    failures: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(availableParallelism()) },
    placing: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function wholeNumber(name: 'seeds' | 'first' | 'steps' | 'failures' | 'threads'): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  process.stderr.write(`--${name} must be a whole number from 1 on, not ${values[name]}\n\n${usage}`);
  process.exit(2);
}

function summary(total: BatchResult, seconds: number): string {
  const { schedules, failures } = total;
  const mean = (sum: number): string => (sum / Math.max(1, schedules)).toFixed(0);
  return (
    `${schedules} schedules, ${(schedules / seconds).toFixed(0)}/s, ${failures.length} failed; in each ${mean(total.events)} events ` +
    `(least ${total.leastEvents}), ${mean(total.faults)} faults (least ${total.leastFaults}), ${mean(total.operations)} operations, ` +
    `${mean(total.simulatedMs / 1000)} s of simulated time; ${total.undecided} undecided`
  );
}

if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}
const startedMs = performance.now();
const elapsedSeconds = (): number => (performance.now() - startedMs) / 1000;
let lastProgressMs = startedMs;
let told = 0;
const total = await runCampaign({
  firstSeed: wholeNumber('first'),
  seeds: wholeNumber('seeds'),
  steps: wholeNumber('steps'),
  placing: values.placing,
  threads: wholeNumber('threads'),
  mostFailures: wholeNumber('failures'),
  onProgress(soFar) {
    for (const { seed, failure } of soFar.failures.slice(told))
      process.stderr.write(`seed ${seed} failed: ${failure.split('\n')[0]}\n`);
    told = soFar.failures.length;
    if (performance.now() - lastProgressMs < progressMs) return;
    lastProgressMs = performance.now();
    process.stderr.write(
      `${process.stderr.isTTY ? '\r' : ''}${summary(soFar, elapsedSeconds())}${process.stderr.isTTY ? '' : '\n'}`,
    );
  },
});
if (process.stderr.isTTY) process.stderr.write('\n');
const { failures } = total;
if (values.json) process.stdout.write(`${JSON.stringify({ ...total, seconds: elapsedSeconds() })}\n`);
else process.stdout.write(`${[...failures.map(({ script }) => `${script}\n`), summary(total, elapsedSeconds())].join('\n')}\n`);
process.exitCode = failures.length > 0 ? 1 : 0;
