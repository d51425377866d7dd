/**
 * The goal about rates with many shards: the same load on a cluster with one shard and on one with many, in turn. Each
 * measurement also reports the CPU time and the messages of an operation, which show where the difference comes from.
 */
import type { LocalCluster } from '../../local/local-cluster.js';
import { measure } from '../peers/measure.js';
import type { BenchScenario } from '../peers/scenarios.js';
import { type Spread, spreadOf, spreadText } from '../peers/summary.js';
import { workBetween, workSoFar } from './cluster-work.js';
import type { Goal, GoalOutcome, GoalRun } from './goal.js';
import { startSettledCluster } from './settled-cluster.js';

/** The default of a cluster, and the number of the goal for idle nodes. */
const shardCounts = [16, 256] as const;
/** The unmeasured load on both clusters, until their hot code is compiled. */
const firstLoadMs = 6_000;
/** The unmeasured beginning of each measurement. */
const warmUpMs = 1_000;

interface Load {
  readonly mix: 'put' | 'mixed';
  readonly threads: number;
  /** In each thread. */
  readonly inFlight: number;
  /** The wanted ratio to one shard, by the number of shards. */
  readonly wanted: Partial<Record<(typeof shardCounts)[number], number>>;
}

const loads: readonly Load[] = [
  { mix: 'mixed', threads: 1, inFlight: 64, wanted: { 16: 0.8 } },
  { mix: 'mixed', threads: 4, inFlight: 16, wanted: { 16: 0.8 } },
  { mix: 'put', threads: 1, inFlight: 256, wanted: { 16: 0.8, 256: 0.5 } },
  { mix: 'put', threads: 1, inFlight: 1_024, wanted: { 16: 0.8, 256: 0.5 } },
];

export const shardRates: Goal = {
  name: 'shard-rates',
  async measure(run) {
    await using one = await startCluster(1);
    const outcomes: GoalOutcome[] = [];
    for (const shards of shardCounts) {
      await using many = await startCluster(shards);
      for (const load of loads) outcomes.push(await compare(load, one, many, shards, run));
    }
    return outcomes;
  },
};

function startCluster(shards: number): Promise<LocalCluster> {
  return startSettledCluster({ shards, extra: ['--http-port', '0'] });
}

/** The figures of one measurement, all but the first for each operation. */
interface Figures {
  readonly perSecond: number;
  readonly clientCpuMicroseconds: number;
  readonly nodesCpuMicroseconds: number;
  readonly clientFrames: number;
  readonly nodeFrames: number;
}

async function compare(
  load: Load,
  one: LocalCluster,
  many: LocalCluster,
  shards: (typeof shardCounts)[number],
  run: GoalRun,
): Promise<GoalOutcome> {
  const { rounds, measureMs, signal, print } = run;
  for (const cluster of [one, many]) await figuresOf(load, cluster, firstLoadMs, true, signal);
  const [ofOne, ofMany]: [Figures[], Figures[]] = [[], []];
  for (let round = 1; round <= rounds; round += 1) {
    ofOne.push(await figuresOf(load, one, measureMs, false, signal));
    print(`${nameOf(load)}, round ${round}, 1 shard: ${describe(ofOne.at(-1)!)}`);
    ofMany.push(await figuresOf(load, many, measureMs, false, signal));
    print(`${nameOf(load)}, round ${round}, ${shards} shards: ${describe(ofMany.at(-1)!)}`);
  }
  return outcomeOf(load, shards, ofOne, ofMany);
}

async function figuresOf(
  { mix, threads, inFlight }: Load,
  cluster: LocalCluster,
  measureMs: number,
  prefill: boolean,
  signal: AbortSignal,
): Promise<Figures> {
  const scenario: BenchScenario = { mix, threads, inFlight, valueBytes: 100, keyspace: 10_000, pace: 'highest' };
  const before = await workSoFar(cluster);
  const plan = { store: 'kvnode', addresses: cluster.addresses, scenario, prefill, warmUpMs, measureMs, seed: 1 } as const;
  const { operationsPerSecond, clientCpuMicroseconds } = await measure(plan, signal);
  const { cpuMs, operations, clientFrames, nodeFrames } = workBetween(before, await workSoFar(cluster));
  return {
    perSecond: operationsPerSecond,
    clientCpuMicroseconds,
    nodesCpuMicroseconds: (cpuMs * 1_000) / operations,
    clientFrames: clientFrames / operations,
    nodeFrames: nodeFrames / operations,
  };
}

function nameOf({ mix, threads, inFlight }: Load): string {
  return `${mix === 'put' ? 'puts' : 'half gets, half puts'}, ${threads}x${inFlight}`;
}

function describe({ perSecond, clientCpuMicroseconds, nodesCpuMicroseconds, clientFrames, nodeFrames }: Figures): string {
  const cpu = `CPU client ${clientCpuMicroseconds.toFixed(1)} µs, nodes ${nodesCpuMicroseconds.toFixed(1)} µs`;
  const frames = `frames client ${clientFrames.toFixed(3)}, nodes ${nodeFrames.toFixed(3)}`;
  return `${Math.round(perSecond)}/s; each operation: ${cpu}, ${frames}`;
}

function outcomeOf(
  load: Load,
  shards: (typeof shardCounts)[number],
  ofOne: readonly Figures[],
  ofMany: readonly Figures[],
): GoalOutcome {
  const spread = (figures: readonly Figures[], name: keyof Figures): Spread => spreadOf(figures.map((one) => one[name]))!;
  const ratio = spreadOf(ofMany.map(({ perSecond }, round) => perSecond / ofOne[round]!.perSecond))!;
  const wanted = load.wanted[shards];
  const medians = (side: string, figures: readonly Figures[]) =>
    (['perSecond', 'clientCpuMicroseconds', 'nodesCpuMicroseconds', 'clientFrames', 'nodeFrames'] as const).map(
      (name) => [`${side}${name[0]!.toUpperCase()}${name.slice(1)}`, spread(figures, name).median] as const,
    );
  const [rateOfMany, rateOfOne] = [spread(ofMany, 'perSecond'), spread(ofOne, 'perSecond')];
  return {
    what: `${nameOf(load)}: ${shards} shards against 1`,
    wanted: wanted === undefined ? '' : `at least ${wanted} x`,
    found: `${spreadText(ratio, 2)} x: ${spreadText(rateOfMany, 0)}/s against ${spreadText(rateOfOne, 0)}/s`,
    reached: wanted === undefined || ratio.median >= wanted,
    figures: {
      shards,
      threads: load.threads,
      inFlight: load.inFlight,
      medianRatio: ratio.median,
      lowestRatio: ratio.lowest,
      highestRatio: ratio.highest,
      ...Object.fromEntries([...medians('one', ofOne), ...medians('many', ofMany)]),
    },
  };
}
