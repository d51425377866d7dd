/** Selects the trials of a run. */
import { casesOf, goalRows, isNamed } from './goal-rows.js';
import { type BenchScenario, type MixName, mixes, type StoreName, scenarioId, type Trial } from './scenarios.js';

export const seriesNames = ['nodes', 'api', 'threads', 'latency'] as const;

export type SeriesName = (typeof seriesNames)[number];

export interface Choice {
  /** Every scenario and every series, instead of the scenarios of the goals. */
  readonly full: boolean;
  /** These series, instead of the scenarios of the goals. */
  readonly series: readonly SeriesName[];
  /** Only the scenarios of these goals, or groups of goals. Empty: of all goals. */
  readonly goals: readonly string[];
  /** Only these stores. Empty: all stores. */
  readonly only: readonly StoreName[];
  /** Only scenarios whose id matches. */
  readonly scenario: RegExp | undefined;
}

const peers = ['kvnode', 'redis', 'redis-wait', 'etcd', 'zookeeper'] as const satisfies readonly StoreName[];
const base: BenchScenario = { mix: 'put', valueBytes: 100, keyspace: 10_000, inFlight: 256, threads: 1, pace: 'highest' };
const small = [100, 1_024] as const;
const keyspaces = [10_000, 1_000_000] as const;
const inFlights = [1, 16, 256, 1_024] as const;
const clientThreads = [1, 2, 4, 8] as const;

/**
 * @returns each trial once. Trials of one keyspace and value size stand together, so that their keys are written once.
 */
export function select(choice: Choice): Trial[] {
  const chosen = candidates(choice).filter(
    ({ store, scenario }) =>
      (choice.only.length === 0 || choice.only.includes(store)) && (choice.scenario?.test(scenarioId(scenario)) ?? true),
  );
  return [...new Map(chosen.map((trial) => [`${trial.store} ${scenarioId(trial.scenario)}`, trial])).values()];
}

function candidates({ full, series, goals }: Choice): Trial[] {
  if (full) return [...ofGoals([]), ...everything(), ...seriesNames.flatMap((name) => trialsOf[name]())];
  if (series.length > 0) return series.flatMap((name) => trialsOf[name]());
  return ofGoals(goals);
}

/** Both sides of every goal. */
function ofGoals(names: readonly string[]): Trial[] {
  const rows = goalRows.filter((row) => names.length === 0 || names.some((name) => isNamed(row, name)));
  return rows.flatMap(casesOf).flatMap(({ trial, other }) => [trial, other]);
}

function everything(): Trial[] {
  return keyspaces.flatMap((keyspace) =>
    small.flatMap((valueBytes) =>
      (Object.keys(mixes) as MixName[]).flatMap((mix) =>
        inFlights.flatMap((inFlight) => onPeers({ ...base, mix, keyspace, valueBytes, inFlight })),
      ),
    ),
  );
}

/** Reads are measured for one Redis store only, since they do not depend on the WAIT of writes. */
function onPeers(scenario: BenchScenario): Trial[] {
  const stores = peers.filter((store) => store !== 'redis-wait' || mixes[scenario.mix].readRatio < 1);
  return stores.map((store) => ({ store, scenario }));
}

const trialsOf: Record<SeriesName, () => Trial[]> = {
  nodes: () => ofKvnode(['kvnode-1-node', 'kvnode-2-nodes', 'kvnode'], [{ ...base, inFlight: 1_024 }]),
  api: () =>
    ofKvnode(
      ['kvnode-unary', 'kvnode-grpc', 'kvnode'],
      inFlights.map((inFlight) => ({ ...base, inFlight })),
    ),
  threads: () =>
    ofKvnode(
      ['kvnode'],
      clientThreads.map((threads) => ({ ...base, threads })),
    ),
  latency: () => (['put', 'get'] as const).flatMap((mix) => onPeers({ ...base, mix, inFlight: 1_024, pace: 'half' })),
};

function ofKvnode(stores: readonly StoreName[], puts: readonly BenchScenario[]): Trial[] {
  const scenarios = puts.flatMap((put) => [put, { ...put, mix: 'get' } as const]);
  return stores.flatMap((store) => scenarios.map((scenario) => ({ store, scenario })));
}
