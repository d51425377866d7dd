/**
 * The goal about a restart with data on disk: a node with 1,000,000 keys is killed and started again, and the time is taken from the
 * start of its process until it has answered a get of every shard. The node is the only one. So it serves as soon as its data is
 * recovered and it may be sure that its earlier process serves no more: no other node takes over meanwhile, and none helps.
 *
 * One side has all of the data in the log. The other has been written over until most of it is in snapshots.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalCluster } from '../../local/local-cluster.js';
import type { NodeProcess } from '../../local/node-process.js';
import { optionSpecs } from '../../src/config/index.js';
import { keyName } from '../options.js';
import { spreadOf, spreadText } from '../peers/summary.js';
import type { Goal, GoalOutcome, GoalRun } from './goal.js';
import { keyCount, writeKeysTo } from './loaded-cluster.js';
import { cpuMsOf } from './process-figures.js';
import { startSettledCluster, untilSettled } from './settled-cluster.js';

const wantedMs = 3_000;
const deadlineMs = 60_000;
/** A node on a busy machine is slow, which is a result as well. */
const startTimeoutMs = 120_000;
/** Read after the start. Of so many keys every shard has one at least. */
const readKeys = 512;
const sides = [
  { what: 'in the log', fills: 1 },
  { what: 'written three times, so most of it is in snapshots', fills: 3 },
] as const;

interface Recovery {
  readonly tookMs: number;
  /** CPU time of the process until then. It depends less on other work on the machine. */
  readonly cpuMs: number;
}

export const recovery: Goal = {
  name: 'recovery',
  async measure(run) {
    const dataDir = await mkdtemp(join(tmpdir(), 'kvnode-bench-data-'));
    try {
      return await measureIn(dataDir, run);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};

async function measureIn(dataDir: string, run: GoalRun): Promise<GoalOutcome[]> {
  await using cluster = await startSettledCluster({ nodes: 1, shards: optionSpecs.shards.default, dataDir });
  const outcomes: GoalOutcome[] = [];
  let filled = 0;
  for (const { what, fills } of sides) {
    for (; filled < fills; filled += 1) await writeKeysTo(cluster, run.signal);
    const recoveries: Recovery[] = [];
    for (let round = 1; round <= run.rounds; round += 1) {
      const one = await recoverOnce(cluster);
      run.signal.throwIfAborted();
      recoveries.push(one);
      run.print(`${what}, round ${round}: served after ${(one.tookMs / 1_000).toFixed(2)} s, ${Math.round(one.cpuMs)} ms of CPU`);
    }
    outcomes.push(outcomeOf(what, recoveries));
  }
  return outcomes;
}

async function recoverOnce(cluster: LocalCluster): Promise<Recovery> {
  const [node] = cluster.nodes as [NodeProcess];
  await cluster.disconnect();
  await node.kill();
  const startedMs = performance.now();
  const again = await cluster.restart(node, { startTimeoutMs });
  const client = await cluster.connect();
  try {
    const read = async (index: number): Promise<void> => {
      if ((await client.get(keyName(index), { deadlineMs })) === undefined) throw new Error(`${keyName(index)} is missing`);
    };
    await Promise.all(Array.from({ length: readKeys }, (_, index) => read(index)));
    const tookMs = performance.now() - startedMs;
    const cpuMs = await cpuMsOf(again.pid);
    await untilSettled(cluster);
    return { tookMs, cpuMs };
  } finally {
    await client.close();
  }
}

function outcomeOf(what: string, recoveries: readonly Recovery[]): GoalOutcome {
  const seconds = spreadOf(recoveries.map(({ tookMs }) => tookMs / 1_000))!;
  const cpuMs = spreadOf(recoveries.map((one) => one.cpuMs))!;
  return {
    what: `a killed node's time from its start until it serves, with ${keyCount} keys of 100 bytes, ${what}`,
    wanted: `under ${wantedMs / 1_000} s`,
    found: `${spreadText(seconds, 2)} s, ${spreadText(cpuMs, 0)} ms of CPU`,
    reached: seconds.median * 1_000 < wantedMs,
    figures: {
      medianSeconds: seconds.median,
      lowestSeconds: seconds.lowest,
      highestSeconds: seconds.highest,
      cpuMedianMs: cpuMs.median,
    },
  };
}
