/** The goals of kvnode, as ratios against a peer or against itself, and the verdict of a run. */
import type { Result } from './rounds.js';
import type { BenchScenario, MixName, StoreName } from './scenarios.js';
import { type Figure, ratioOf, type Spread } from './summary.js';

interface Goal {
  readonly what: string;
  /** The mix of kvnode's side. */
  readonly mix: MixName;
  readonly against: { readonly store: StoreName; readonly mix: MixName };
  readonly figure: Figure;
  readonly bound: 'at least' | 'at most';
  readonly ratio: number;
  /** The numbers of operations in flight for which the goal is judged. */
  readonly inFlights: readonly number[];
}

export interface GoalResult {
  readonly what: string;
  readonly inFlight: number;
  readonly bound: 'at least' | 'at most';
  readonly wanted: number;
  /** The measured ratio; undefined if it was not measured. */
  readonly found: Spread | undefined;
  /** `unclear`: some rounds reached it and others did not. Undefined if it was not measured. */
  readonly reached: 'yes' | 'no' | 'unclear' | undefined;
}

const loaded = [256, 1_024];
const rate = { figure: 'operationsPerSecond', bound: 'at least', inFlights: loaded } as const;

const goals: readonly Goal[] = [
  { ...rate, what: 'put / Redis SET', mix: 'put', against: { store: 'redis', mix: 'put' }, ratio: 1.25 },
  { ...rate, what: 'put / Redis SET + WAIT 2', mix: 'put', against: { store: 'redis-wait', mix: 'put' }, ratio: 10 },
  { ...rate, what: 'get / Redis GET', mix: 'get', against: { store: 'redis', mix: 'get' }, ratio: 1.5 },
  { ...rate, what: 'put / etcd put', mix: 'put', against: { store: 'etcd', mix: 'put' }, ratio: 40 },
  { ...rate, what: 'get / etcd get', mix: 'get', against: { store: 'etcd', mix: 'get' }, ratio: 40 },
  {
    ...rate,
    what: 'put on Zipf keys / on uniform keys',
    mix: 'put-zipf',
    against: { store: 'kvnode', mix: 'put' },
    ratio: 0.9,
    inFlights: [256],
  },
  {
    ...rate,
    what: 'put on one key / on uniform keys',
    mix: 'put-one',
    against: { store: 'kvnode', mix: 'put' },
    ratio: 0.9,
    inFlights: [256],
  },
  {
    what: 'time of a put (p50) / Redis SET + WAIT 2',
    mix: 'put',
    against: { store: 'redis-wait', mix: 'put' },
    figure: 'p50Ms',
    bound: 'at most',
    ratio: 1.5,
    inFlights: [1],
  },
];

/** Judges all goals, with values of 100 bytes, 10,000 keys and one client thread. */
export function judgeGoals(results: readonly Result[]): GoalResult[] {
  return goals.flatMap(({ what, mix, against, figure, bound, ratio, inFlights }) =>
    inFlights.map((inFlight) => {
      const scenario: BenchScenario = { mix, inFlight, valueBytes: 100, keyspace: 10_000, threads: 1, pace: 'highest' };
      const other = { store: against.store, scenario: { ...scenario, mix: against.mix } };
      const found = ratioOf(results, { store: 'kvnode', scenario }, other, figure);
      return { what, inFlight, bound, wanted: ratio, found, reached: found && verdictOn(found, bound, ratio) };
    }),
  );
}

function verdictOn({ lowest, highest }: Spread, bound: Goal['bound'], wanted: number): 'yes' | 'no' | 'unclear' {
  const [worst, best] = bound === 'at least' ? [lowest - wanted, highest - wanted] : [wanted - highest, wanted - lowest];
  if (worst >= 0) return 'yes';
  return best < 0 ? 'no' : 'unclear';
}
