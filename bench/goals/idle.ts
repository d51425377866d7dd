/** The goal about idle nodes: the CPU time of beacons, ticks and periodic work, with one shard and with many. */
import { setTimeout as pause } from 'node:timers/promises';
import { spreadOf, spreadText } from '../peers/summary.js';
import type { Goal, GoalOutcome, GoalRun } from './goal.js';
import { cpuMsOf } from './process-figures.js';
import { startSettledCluster } from './settled-cluster.js';

const shardCounts = [1, 256];
/** The wanted share holds for the last of these numbers of shards. The others are for comparison. */
const wantedPercent = 3;
/** The wait after the cluster has settled: until then V8 compiles what the start of the node has used. */
const settleMs = 20_000;

export const idle: Goal = {
  name: 'idle',
  async measure(run) {
    const outcomes: GoalOutcome[] = [];
    for (const shards of shardCounts) outcomes.push(outcomeOf(shards, await measureIdle(shards, run)));
    return outcomes;
  },
};

/** @returns percent of a core, for each node in each round */
async function measureIdle(shards: number, { rounds, measureMs, signal, print }: GoalRun): Promise<number[]> {
  await using cluster = await startSettledCluster({ shards });
  // No client is connected, not even the one that has read the topology.
  await cluster.disconnect();
  await pause(settleMs, undefined, { signal });
  const percents: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const cpuMs = () => Promise.all(cluster.nodes.map(({ pid }) => cpuMsOf(pid)));
    const [fromMs, before] = [performance.now(), await cpuMs()];
    await pause(measureMs, undefined, { signal });
    const [forMs, after] = [performance.now() - fromMs, await cpuMs()];
    const found = after.map((ms, node) => (100 * (ms - before[node]!)) / forMs);
    percents.push(...found);
    print(`${shards} shards, round ${round}: ${found.map((percent) => percent.toFixed(1)).join(', ')} % of a core`);
  }
  return percents;
}

function outcomeOf(shards: number, percents: readonly number[]): GoalOutcome {
  const spread = spreadOf(percents)!;
  return {
    what: `CPU of an idle node of 3 with ${shards} shards`,
    wanted: shards === shardCounts.at(-1) ? `below ${wantedPercent} % of a core` : '',
    found: `${spreadText(spread, 1)} %`,
    reached: spread.median < wantedPercent,
    figures: { shards, medianPercent: spread.median, lowestPercent: spread.lowest, highestPercent: spread.highest },
  };
}
