/**
 * `npm run demo`: starts a cluster, shows a failover, a node that joins and one that is replaced, runs a benchmark, cuts the power of
 * a second cluster that keeps its data on disk, and stops everything. The exit code is 0 if every step succeeded, 1 if one failed, which is named, and 128 + signal
 * number after an interruption.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runBenchProcess } from './bench-process.js';
import { failoverWalkthrough, readBack } from './failover-walkthrough.js';
import { onInterrupt } from './interrupt.js';
import { LocalCluster } from './local-cluster.js';
import { powerCutWalkthrough } from './power-cut-walkthrough.js';
import { percent } from './ring.js';
import { ringWalkthrough } from './ring-walkthrough.js';
import { createStepRunner, InterruptedError, type StepRunner } from './steps.js';

const nodeCount = 3;
const benchSeconds = 5;
const shards = 16;
/** With these options a dead node is detected sooner than by default, and replaced in seconds instead of a minute. */
const nodeOptions = ['--session-ms', '4000', '--replace-after-ms', '3000'];
/** The least room that a node accepts: the demo needs less than half of it. */
const diskOptions = ['--max-data', '1GiB'];

interface Stage {
  readonly runner: StepRunner;
  readonly interrupted: AbortSignal;
  /** For the data of the nodes that keep it. */
  readonly folder: string;
  /** Every cluster that was or is being started, and must be stopped. */
  readonly started: Promise<LocalCluster>[];
}

async function demo(stage: Stage): Promise<void> {
  const { runner } = stage;
  const inMemory = await demoInMemory(stage);
  const onDisk = await demoOnDisk(stage);
  printLine('');
  printLine('Summary');
  for (const line of [...inMemory, ...onDisk]) runner.print(line);
}

/** @returns the lines of the summary */
async function demoInMemory({ runner, interrupted, started }: Stage): Promise<string[]> {
  const { step } = runner;
  const cluster = await step(`start ZooKeeper and ${nodeCount} nodes as processes of their own`, () => {
    const starting = LocalCluster.start({ nodes: nodeCount, shards, extra: nodeOptions });
    started.push(starting);
    return starting;
  });
  printCluster(cluster, runner);
  await using client = await cluster.connect();

  const { written, failover, rejoin } = await failoverWalkthrough(cluster, client, runner);
  const ring = await ringWalkthrough(cluster, client, written, runner);

  await step(`run kvbench for ${benchSeconds} seconds, and verify its writes`, () =>
    runBenchProcess(
      [
        '--nodes',
        cluster.addresses.join(','),
        '--threads',
        '2',
        '--duration',
        String(benchSeconds),
        '--keyspace',
        '1000',
        '--verify',
      ],
      interrupted,
    ),
  );
  const kept = await step('read the first keys once more', () => readBack(client, written));
  await step('stop this cluster, whose data lived in memory', () => cluster.stop());

  const { joined, joinMs, replaced, replaceMs } = ring;
  return [
    `failover      ${failover.failoverMs} ms from SIGKILL to the first acknowledged write`,
    `rejoin        ${rejoin.joinMs} ms until the restarted node was in sync by a dump of ${rejoin.keys} keys`,
    `joining       ${percent(joined.moved, joined.copies)} of the copies moved to the fourth node, in ${joinMs} ms`,
    `replacing     ${replaced.moved} copies made anew on the remaining nodes, in ${replaceMs} ms`,
    `data          ${kept} of ${written.size} keys as acknowledged, before and after`,
  ];
}

/** @returns the lines of the summary */
async function demoOnDisk({ runner, folder, started }: Stage): Promise<string[]> {
  const cluster = await runner.step(`start another cluster, of ${nodeCount} nodes that keep their data on disk`, () => {
    const starting = LocalCluster.start({ nodes: nodeCount, shards, dataDir: folder, extra: diskOptions });
    started.push(starting);
    return starting;
  });
  runner.print(`data in ${folder}, durability always`);
  printCluster(cluster, runner);
  await using client = await cluster.connect();
  const { keys, increments, recoveryMs } = await powerCutWalkthrough(cluster, client, runner);
  return [
    `power cut     ${keys} keys and ${increments} increments as acknowledged; first write ${recoveryMs} ms after the start`,
  ];
}

function printCluster({ zookeeper, root, nodes }: LocalCluster, { print }: StepRunner): void {
  print(`ZooKeeper at ${zookeeper.address}, root ${root}`);
  for (const node of nodes) print(`node ${node.id}, process ${node.pid}`);
}

async function main(): Promise<number> {
  const interrupted = onInterrupt();
  const started: Promise<LocalCluster>[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'kvnode-demo-'));
  let exitCode = 0;
  try {
    await demo({ runner: createStepRunner(printLine, interrupted), interrupted, folder, started });
  } catch (error) {
    exitCode = error instanceof InterruptedError ? error.exitCode : 1;
    process.stderr.write(`\ndemo: ${error instanceof Error ? error.message : String(error)}\n`);
    if (!(error instanceof InterruptedError))
      for (const cluster of await running(started)) process.stderr.write(`${cluster.logs()}\n`);
  }
  printLine('stopping everything');
  for (const cluster of await running(started)) await cluster.stop();
  await rm(folder, { recursive: true });
  return exitCode;
}

/** Waits for starts that are under way. A cluster that could not be started has ended its processes. */
async function running(started: readonly Promise<LocalCluster>[]): Promise<LocalCluster[]> {
  const outcomes = await Promise.allSettled(started);
  return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exit(await main());
