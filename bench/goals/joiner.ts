/**
 * The goal about a node that joins a cluster of 1,000,000 keys under load: the time from the start of its process until
 * it is in sync for every shard, and the remaining throughput of the foreground meanwhile. With the default number of
 * shards, and with one for comparison.
 *
 * A joiner leaves by a planned stop, and each round begins once the cluster has settled without it. A joiner that was
 * killed would stay placed for a minute (--replace-after-ms), and the next one would have to wait for that.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { LocalCluster } from '../../local/local-cluster.js';
import type { NodeProcess } from '../../local/node-process.js';
import { optionSpecs } from '../../src/config/index.js';
import type { Topology } from '../../src/wire/contract/kv-api.js';
import { spreadOf, spreadText } from '../peers/summary.js';
import { ForegroundLoad } from './foreground-load.js';
import type { Goal, GoalOutcome, GoalRun } from './goal.js';
import { keyCount, startLoadedCluster } from './loaded-cluster.js';
import { untilSettled } from './settled-cluster.js';

/** The number of nodes before the join. */
const nodes = 2;
const inFlight = 256;
const warmUpMs = 4_000;
/** The wanted figures hold for the last of these. */
const shardCounts = [1, optionSpecs.shards.default];
const wantedMs = 8_000;
const wantedShare = 0.7;
const joinTimeoutMs = 300_000;
const lookAgainMs = 200;

interface Join {
  readonly tookMs: number;
  /** The throughput of the foreground meanwhile, relative to the throughput before. */
  readonly share: number;
}

export const joiner: Goal = {
  name: 'joiner',
  async measure(run) {
    const outcomes: GoalOutcome[] = [];
    for (const shards of shardCounts) outcomes.push(...outcomesOf(shards, await measureJoins(shards, run)));
    return outcomes;
  },
};

async function measureJoins(shards: number, run: GoalRun): Promise<Join[]> {
  await using cluster = await startLoadedCluster({ nodes, shards }, run.signal);
  await using foreground = new ForegroundLoad({ addresses: cluster.addresses, inFlight });
  await pause(warmUpMs, undefined, { signal: run.signal });
  const joins: Join[] = [];
  for (let round = 1; round <= run.rounds; round += 1) {
    const join = await joinOnce(cluster, foreground, run);
    joins.push(join);
    const seconds = (join.tookMs / 1_000).toFixed(1);
    run.print(`${shards} shards, round ${round}: in sync after ${seconds} s, ${join.share.toFixed(2)} of the throughput kept`);
  }
  return joins;
}

async function joinOnce(cluster: LocalCluster, foreground: ForegroundLoad, run: GoalRun): Promise<Join> {
  const { measureMs, signal } = run;
  const beginMs = Date.now();
  await pause(measureMs, undefined, { signal });
  const fromMs = Date.now();
  const before = foreground.rateBetween(beginMs, fromMs);
  const node = await cluster.addNode();
  await untilInSync(cluster, node);
  const toMs = Date.now();
  const share = foreground.rateBetween(fromMs, toMs) / before;
  await untilSettled(cluster);
  await node.stop();
  await untilSettled(cluster);
  signal.throwIfAborted();
  return { tookMs: toMs - fromMs, share };
}

/** Waits until every shard has the joiner in its in-sync set. Rarely looks, since looking costs the nodes time. */
async function untilInSync(cluster: LocalCluster, joiner: NodeProcess): Promise<void> {
  const holds = ({ shards }: Topology): boolean =>
    shards.every(({ replicas }) => replicas.some(({ nodeId, inSync }) => inSync && nodeId === joiner.id));
  await cluster.waitUntil('the joiner is in sync', holds, joinTimeoutMs, lookAgainMs);
}

function outcomesOf(shards: number, joins: readonly Join[]): GoalOutcome[] {
  const seconds = spreadOf(joins.map(({ tookMs }) => tookMs / 1_000))!;
  const share = spreadOf(joins.map((join) => join.share))!;
  const isWanted = shards === shardCounts.at(-1);
  return [
    {
      what: `a joiner's time to be in sync, with ${keyCount} keys of 100 bytes in ${shards} shards, under load`,
      wanted: isWanted ? `under ${wantedMs / 1_000} s` : '',
      found: `${spreadText(seconds, 1)} s`,
      reached: seconds.median * 1_000 < wantedMs,
      figures: { shards, medianSeconds: seconds.median, lowestSeconds: seconds.lowest, highestSeconds: seconds.highest },
    },
    {
      what: `throughput with ${inFlight} in flight meanwhile / before, ${shards} shards`,
      wanted: isWanted ? `at least ${wantedShare}` : '',
      found: spreadText(share, 2),
      reached: share.median >= wantedShare,
      figures: { shards, ratioMedian: share.median, ratioLowest: share.lowest, ratioHighest: share.highest },
    },
  ];
}
