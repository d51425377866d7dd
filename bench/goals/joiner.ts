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
import type { LogRecord } from '../../local/log-records.js';
import type { NodeProcess } from '../../local/node-process.js';
import { optionSpecs } from '../../src/config/index.js';
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
const joinTimeoutMs = 120_000;

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
    const join = await joinOnce(cluster, shards, foreground, run);
    joins.push(join);
    const seconds = (join.tookMs / 1_000).toFixed(1);
    run.print(`${shards} shards, round ${round}: in sync after ${seconds} s, ${join.share.toFixed(2)} of the throughput kept`);
  }
  return joins;
}

async function joinOnce(cluster: LocalCluster, shards: number, foreground: ForegroundLoad, run: GoalRun): Promise<Join> {
  const { measureMs, signal } = run;
  await cluster.disconnect();
  const beginMs = Date.now();
  await pause(measureMs, undefined, { signal });
  const fromMs = Date.now();
  const before = foreground.rateBetween(beginMs, fromMs);
  const node = await cluster.addNode();
  const toMs = await inSyncAtMs(cluster, node, shards);
  const share = foreground.rateBetween(fromMs, toMs) / before;
  await untilSettled(cluster);
  await node.stop();
  await untilSettled(cluster);
  signal.throwIfAborted();
  return { tookMs: toMs - fromMs, share };
}

/** When the last shard had the joiner in its in-sync set, by the logs of the primaries. */
async function inSyncAtMs(cluster: LocalCluster, joiner: NodeProcess, shards: number): Promise<number> {
  const others = cluster.nodes.filter((node) => node !== joiner && node.running);
  const names = ({ msg, inSync }: LogRecord): boolean =>
    msg === 'in-sync set changed' && Array.isArray(inSync) && inSync.some((id) => String(id).startsWith(`${joiner.id}~`));
  const times = await Promise.all(
    Array.from({ length: shards }, (_, shard) =>
      Promise.any(
        others.map((node) => node.log.waitFor((record) => record.shard === shard && names(record), { timeoutMs: joinTimeoutMs })),
      ),
    ),
  );
  return Math.max(...times.map(({ time }) => Number(time)));
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
