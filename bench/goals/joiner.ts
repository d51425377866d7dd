/**
 * The goal about a node that joins a shard of 1,000,000 keys under load: the time of its dump, and the remaining
 * throughput of the foreground. The dump lasts from the moment when the node listens until it has the last chunk.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { spreadOf, spreadText } from '../peers/summary.js';
import { ForegroundLoad } from './foreground-load.js';
import type { Goal, GoalOutcome, GoalRun } from './goal.js';
import { startLoadedCluster } from './loaded-cluster.js';

/** The number of nodes before the join. */
const nodes = 2;
const inFlight = 256;
const warmUpMs = 4_000;
const wantedDumpMs = 5_000;
const wantedShare = 0.7;
const joinTimeoutMs = 120_000;

interface Join {
  readonly dumpMs: number;
  /** The throughput of the foreground during the dump, relative to the throughput before. */
  readonly share: number;
}

export const joiner: Goal = {
  name: 'joiner',
  async measure(run) {
    await using cluster = await startLoadedCluster({ nodes }, run.signal);
    await using foreground = new ForegroundLoad({ addresses: cluster.addresses, inFlight });
    await pause(warmUpMs, undefined, { signal: run.signal });
    const joins: Join[] = [];
    for (let round = 1; round <= run.rounds; round += 1) {
      const join = await joinOnce(cluster, foreground, run);
      joins.push(join);
      run.print(`round ${round}: dump in ${(join.dumpMs / 1_000).toFixed(1)} s, ${join.share.toFixed(2)} of the throughput kept`);
    }
    return outcomesOf(joins);
  },
};

type Cluster = Awaited<ReturnType<typeof startLoadedCluster>>;

async function joinOnce(cluster: Cluster, foreground: ForegroundLoad, { measureMs, signal }: GoalRun): Promise<Join> {
  const beginMs = Date.now();
  await pause(measureMs, undefined, { signal });
  const before = foreground.rateBetween(beginMs, Date.now());
  const node = await cluster.addNode();
  const listening = await node.log.waitFor('listening');
  const received = await node.log.waitFor('snapshot received', { timeoutMs: joinTimeoutMs });
  const [fromMs, toMs] = [Number(listening.time), Number(received.time)];
  const share = foreground.rateBetween(fromMs, toMs) / before;
  // The next round begins with the same number of nodes.
  await cluster.waitForInSync(nodes + 1, joinTimeoutMs);
  await node.kill();
  await cluster.waitForInSync(nodes, joinTimeoutMs);
  signal.throwIfAborted();
  return { dumpMs: toMs - fromMs, share };
}

function outcomesOf(joins: readonly Join[]): GoalOutcome[] {
  const seconds = spreadOf(joins.map(({ dumpMs }) => dumpMs / 1_000))!;
  const share = spreadOf(joins.map((join) => join.share))!;
  return [
    {
      what: "a joiner's dump of 1,000,000 keys of 100 bytes, under load",
      wanted: `under ${wantedDumpMs / 1_000} s`,
      found: `${spreadText(seconds, 1)} s`,
      reached: seconds.median * 1_000 < wantedDumpMs,
      figures: { medianSeconds: seconds.median, lowestSeconds: seconds.lowest, highestSeconds: seconds.highest },
    },
    {
      what: `throughput with ${inFlight} in flight meanwhile / before`,
      wanted: `at least ${wantedShare}`,
      found: spreadText(share, 2),
      reached: share.median >= wantedShare,
      figures: { ratioMedian: share.median, ratioLowest: share.lowest, ratioHighest: share.highest },
    },
  ];
}
