/**
 * Walks through what the README promises of nodes with data directories: all of them are killed at the same moment while a client
 * writes, ZooKeeper as well if it was started here, and started again. Every acknowledged write must be there, executed once. The
 * demo and a cluster test both run these steps.
 */
import type { KvClient } from '../src/client/index.js';
import { Counting } from './counting.js';
import { readBack, writeWalkthroughKeys } from './failover-walkthrough.js';
import type { LocalCluster } from './local-cluster.js';
import type { StepRunner } from './steps.js';

export interface PowerCutReport {
  readonly keys: number;
  /** Increments that were acknowledged, before and after the cut. */
  readonly increments: number;
  /** The time from the start of the processes to the first acknowledged write. */
  readonly recoveryMs: number;
}

const keyCount = 1_000;
/** Increments that are acknowledged before the cut, and at least as many after it. */
const fewestIncrements = 500;

/** @param cluster its nodes keep their data */
export async function powerCutWalkthrough(
  cluster: LocalCluster,
  client: KvClient,
  { step, print }: StepRunner,
): Promise<PowerCutReport> {
  const count = cluster.nodes.length;
  const { startedHere } = cluster.zookeeper;
  const withZookeeper = startedHere ? ' and ZooKeeper' : '';
  const written = await step(`write ${keyCount} keys, each flushed to ${count} disks before it is acknowledged`, () =>
    writeWalkthroughKeys(client, keyCount),
  );
  const counting = await step(
    `kill all ${count} nodes${withZookeeper} with SIGKILL, while a client increments counters`,
    async () => {
      const load = new Counting(client);
      await load.more(fewestIncrements);
      const killed = cluster.nodes.map((node) => node.kill());
      if (startedHere) killed.push(cluster.zookeeper.stopServer());
      await Promise.all(killed);
      return load;
    },
  );
  print(`no process is left; ${counting.acknowledged} increments were acknowledged, and more are under way`);

  const recoveryMs = await step('start them again', async () => {
    const startMs = performance.now();
    const served = counting.more(1).then(() => Math.round(performance.now() - startMs));
    const [firstMs] = await Promise.all([served, startAgain(cluster)]);
    await cluster.waitForInSync(count);
    await counting.more(fewestIncrements);
    return firstMs;
  });
  print(`the first write was acknowledged after ${recoveryMs} ms; the client had waited, and saw no error`);

  const increments = await step('count', () => counting.stop());
  print(`${increments} increments acknowledged, and ${increments} in the counters: none lost, none executed twice`);
  const keys = await step('read the keys', () => readBack(client, written));
  print(`${keys} keys read, nothing lost`);
  return { keys, increments, recoveryMs };
}

async function startAgain(cluster: LocalCluster): Promise<void> {
  if (cluster.zookeeper.startedHere) await cluster.zookeeper.startServer();
  await cluster.disconnect();
  await Promise.all(cluster.nodes.map((node) => cluster.restart(node)));
}
