/**
 * The goal about rates with many shards: the same number of operations in flight with one shard and with many, in
 * turn.
 */
import { captureBench } from '../../local/bench-process.js';
import { LocalCluster } from '../../local/local-cluster.js';
import { isAsPlaced } from '../../local/ring.js';
import { type Spread, spreadOf, spreadText } from '../peers/summary.js';
import type { BenchResult } from '../result.js';
import type { Goal, GoalOutcome, GoalRun } from './goal.js';

/** The default of a cluster, and the number of the goal for idle nodes. */
const shardCounts = [16, 256];
/** The wanted ratio holds for puts. Gets are for comparison. */
const wantedRatio = 0.9;
const keyspace = 10_000;
const placedTimeoutMs = 60_000;
/** The unmeasured load on both clusters, until their hot code is compiled. */
const warmUpMs = 6_000;

interface Load {
  readonly operation: 'put' | 'get';
  readonly inFlight: number;
}

const loads: readonly Load[] = [
  { operation: 'put', inFlight: 256 },
  { operation: 'put', inFlight: 1_024 },
  { operation: 'get', inFlight: 256 },
  { operation: 'get', inFlight: 1_024 },
];

export const shardRates: Goal = {
  name: 'shard-rates',
  async measure(run) {
    await using one = await LocalCluster.start({ shards: 1 });
    const outcomes: GoalOutcome[] = [];
    for (const shards of shardCounts) {
      await using many = await LocalCluster.start({ shards });
      await many.waitUntil('every shard is as placed', isAsPlaced, placedTimeoutMs);
      for (const load of loads) outcomes.push(await compare(load, one, { cluster: many, shards }, run));
    }
    return outcomes;
  },
};

interface Many {
  readonly cluster: LocalCluster;
  readonly shards: number;
}

async function compare(load: Load, one: LocalCluster, { cluster: many, shards }: Many, run: GoalRun): Promise<GoalOutcome> {
  const { rounds, measureMs, signal, print } = run;
  for (const cluster of [one, many]) await rateOf(load, cluster, warmUpMs, signal);
  const [ofOne, ofMany]: [number[], number[]] = [[], []];
  for (let round = 1; round <= rounds; round += 1) {
    ofOne.push(await rateOf(load, one, measureMs, signal));
    ofMany.push(await rateOf(load, many, measureMs, signal));
    const text = `${Math.round(ofOne.at(-1)!)}/s with 1 shard, ${Math.round(ofMany.at(-1)!)}/s with ${shards}`;
    print(`${load.operation}, ${load.inFlight} in flight, round ${round}: ${text}`);
  }
  const ratio = spreadOf(ofMany.map((rate, round) => rate / ofOne[round]!))!;
  return outcomeOf(load, shards, spreadOf(ofOne)!, spreadOf(ofMany)!, ratio);
}

async function rateOf({ operation, inFlight }: Load, cluster: LocalCluster, forMs: number, signal: AbortSignal): Promise<number> {
  const where = ['--nodes', cluster.addresses.join(',')];
  const what = ['--read-ratio', operation === 'get' ? '1' : '0', '--in-flight', String(inFlight)];
  const shape = ['--threads', '1', '--keyspace', String(keyspace), '--duration', String(forMs / 1_000)];
  const printed = await captureBench([...where, ...what, ...shape, '--json'], signal);
  const { operationsPerSecond } = JSON.parse(printed) as BenchResult;
  return operationsPerSecond;
}

function outcomeOf({ operation, inFlight }: Load, shards: number, one: Spread, many: Spread, ratio: Spread): GoalOutcome {
  return {
    what: `${operation}s with ${shards} shards against 1, ${inFlight} in flight`,
    wanted: operation === 'put' ? `at least ${wantedRatio} x` : '',
    found: `${spreadText(ratio, 2)} x: ${spreadText(many, 0)}/s against ${spreadText(one, 0)}/s`,
    reached: ratio.median >= wantedRatio,
    figures: { shards, inFlight, medianRatio: ratio.median, lowestRatio: ratio.lowest, highestRatio: ratio.highest },
  };
}
