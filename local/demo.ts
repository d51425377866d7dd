/**
 * `npm run demo`: starts a cluster, shows a failover, a node that joins and one that is replaced, runs a benchmark,
 * and stops everything. The exit code is 0 if every step succeeded, 1 if one failed, which is named, and 128 + signal
 * number after an interruption.
 */
import { runBenchProcess } from './bench-process.js';
import { failoverWalkthrough, readBack } from './failover-walkthrough.js';
import { onInterrupt } from './interrupt.js';
import { LocalCluster } from './local-cluster.js';
import { percent } from './ring.js';
import { ringWalkthrough } from './ring-walkthrough.js';
import { createStepRunner, InterruptedError, type StepRunner } from './steps.js';

const nodeCount = 3;
const benchSeconds = 5;
const shards = 16;
/** With these options a dead node is detected sooner than by default, and replaced in seconds instead of a minute. */
const nodeOptions = ['--session-ms', '4000', '--replace-after-ms', '3000'];

async function demo(runner: StepRunner, interrupted: AbortSignal, onCluster: (cluster: LocalCluster) => void): Promise<void> {
  const { step, print } = runner;
  const cluster = await step(`start ZooKeeper and ${nodeCount} nodes as processes of their own`, async () => {
    const started = await LocalCluster.start({ nodes: nodeCount, shards, extra: nodeOptions });
    onCluster(started);
    return started;
  });
  print(`ZooKeeper at ${cluster.zookeeper.address}, root ${cluster.root}`);
  for (const node of cluster.nodes) print(`node ${node.id}, process ${node.pid}`);
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

  printLine('');
  printLine('Summary');
  print(`failover      ${failover.failoverMs} ms from SIGKILL to the first acknowledged write`);
  print(`rejoin        ${rejoin.joinMs} ms until the restarted node was in sync by a dump of ${rejoin.keys} keys`);
  const { joined, joinMs, replaced, replaceMs } = ring;
  print(`joining       ${percent(joined.moved, joined.copies)} of the copies moved to the fourth node, in ${joinMs} ms`);
  print(`replacing     ${replaced.moved} copies made anew on the remaining nodes, in ${replaceMs} ms`);
  print(`data          ${kept} of ${written.size} keys as acknowledged, before and after`);
}

async function main(): Promise<number> {
  const interrupted = onInterrupt();
  const clusters: LocalCluster[] = [];
  let exitCode = 0;
  try {
    await demo(createStepRunner(printLine, interrupted), interrupted, (cluster) => clusters.push(cluster));
  } catch (error) {
    exitCode = error instanceof InterruptedError ? error.exitCode : 1;
    process.stderr.write(`\ndemo: ${error instanceof Error ? error.message : String(error)}\n`);
    if (!(error instanceof InterruptedError)) for (const cluster of clusters) process.stderr.write(`${cluster.logs()}\n`);
  }
  printLine('stopping everything');
  for (const cluster of clusters) await cluster.stop();
  return exitCode;
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exit(await main());
