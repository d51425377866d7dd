/**
 * `npm run bench:soak`: full load on three nodes for an hour. A live node must not be replaced as primary or taken out
 * of the in-sync set. The exit code is 0 if that held and no call failed, 1 otherwise.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { captureBench } from '../../local/bench-process.js';
import { onInterrupt } from '../../local/interrupt.js';
import { LocalCluster } from '../../local/local-cluster.js';
import { InterruptedError } from '../../local/steps.js';
import { KvError } from '../../src/errors.js';
import { timingProfiles } from '../goals/timing-profiles.js';
import { describeMachine, machineText } from '../peers/machine.js';
import type { BenchResult } from '../result.js';
import { parseSoakCommandLine, type SoakCommandLine } from './command-line.js';
import { LogWatch } from './log-watch.js';
import { MachineNoise } from './machine-noise.js';
import { MinuteReport } from './minute-report.js';

const nodeCount = 3;
const keyspace = 100_000;
const minuteMs = 60_000;

async function main(): Promise<number> {
  const options = await parseSoakCommandLine(process.argv.slice(2));
  const signal = onInterrupt();
  printLine(machineText(await describeMachine()));
  const { words } = timingProfiles[options.profile];
  printLine(`${options.minutes} minutes of full load, ${options.profile} timings ${words.join(' ')}`);
  await using cluster = await LocalCluster.start({ nodes: nodeCount, extra: words });
  const watch = new LogWatch(cluster.nodes, printLine);
  const noise = new MachineNoise((lateMs) =>
    printLine(`${clock()}  machine: a timer of this script was ${Math.round(lateMs)} ms late`),
  );
  const report = new MinuteReport(cluster, watch, noise);
  try {
    const result = await loadFor(options, cluster, signal, async () => printLine(`${clock()}  ${await report.next()}`));
    watch.stop();
    if (signal.aborted) printLine('stopped early: the figures are of the time until then');
    const passed = judge(result, watch);
    return signal.reason instanceof InterruptedError ? signal.reason.exitCode : passed ? 0 : 1;
  } finally {
    watch.stop();
    noise.stop();
  }
}

/** Runs the load and reports each minute. A signal ends the load early; the result until then is judged. */
async function loadFor(
  { minutes, threads, inFlight }: SoakCommandLine,
  cluster: LocalCluster,
  signal: AbortSignal,
  onMinute: () => Promise<void>,
): Promise<BenchResult> {
  const over = new AbortController();
  const words = ['--nodes', cluster.addresses.join(','), '--duration', String(minutes * 60), '--json'];
  const shape = ['--threads', String(threads), '--in-flight', String(inFlight), '--keyspace', String(keyspace)];
  const load = captureBench([...words, ...shape], signal).finally(() => over.abort());
  const reports = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await pause(minuteMs, undefined, { signal: over.signal }).catch(() => {});
      if (!over.signal.aborted) await onMinute();
    }
  };
  const [printed] = await Promise.all([load, reports()]);
  return JSON.parse(printed) as BenchResult;
}

function judge({ elapsedMs, operationsPerSecond, reads, writes, errorsByCode, outages }: BenchResult, watch: LogWatch): boolean {
  const failed = reads.failed + writes.failed;
  const longestMs = Math.max(0, ...outages.map(({ durationMs }) => durationMs));
  printLine(
    `${(elapsedMs / minuteMs).toFixed(1)} minutes, ${operationsPerSecond} operations/s, half of them writes; ` +
      `put p99 ${writes.latencyMs?.p99} ms, longest ${writes.latencyMs?.max} ms; longest time without service ${longestMs} ms`,
  );
  const passed = watch.incidents === 0 && failed === 0;
  const calls = failed === 0 ? 'no call failed' : `${failed} calls failed ${JSON.stringify(errorsByCode)}`;
  const changes = watch.incidents === 0 ? 'no node was replaced or taken out' : `${watch.incidents} needless changes`;
  printLine(`${passed ? 'PASSED' : 'FAILED'}: ${changes}, ${calls}`);
  return passed;
}

function clock(): string {
  return new Date().toISOString().slice(11, 23);
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(error: unknown): number {
  process.stderr.write(`bench:soak: ${error instanceof Error ? error.message : String(error)}\n`);
  return error instanceof KvError && error.code === 'INVALID_OPTION' ? 2 : 1;
}

process.exit(await main().catch(fail));
