/** Computes medians with their spread: of one trial over its rounds, and of the ratio of two trials round by round. */
import type { Measured } from './plan.js';
import { type BenchScenario, type StoreName, scenarioId } from './scenarios.js';
import type { Result } from './store-session.js';

export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export interface Summary {
  readonly store: StoreName;
  readonly scenario: BenchScenario;
  readonly rounds: number;
  readonly operationsPerSecond: Spread;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
  readonly clientCpuMicroseconds: Spread;
  readonly serversCpuMicroseconds: Spread;
  /** The number of failed operations in all rounds. */
  readonly failed: number;
}

/** A figure of a measurement that is compared. */
export type Figure = 'operationsPerSecond' | 'p50Ms' | 'p99Ms';

/** Undefined if there are no values. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  return { median, lowest: sorted[0]!, highest: sorted.at(-1)! };
}

/** Median, and lowest to highest in brackets. */
export function spreadText({ median, lowest, highest }: Spread, digits: number): string {
  const text = (value: number) => value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${text(median)} (${text(lowest)}–${text(highest)})`;
}

/** One summary for each trial, in the order of their first measurements. */
export function summarise(results: readonly Result[]): Summary[] {
  const groups = new Map<string, Result[]>();
  for (const result of results) {
    const name = trialId(result.store, result.scenario);
    groups.set(name, [...(groups.get(name) ?? []), result]);
  }
  return [...groups.values()].map((group) => {
    const of = (figure: keyof Measured) => spreadOf(group.map(({ measured }) => Number(measured[figure])))!;
    const { store, scenario } = group[0]!;
    return {
      store,
      scenario,
      rounds: group.length,
      operationsPerSecond: of('operationsPerSecond'),
      p50Ms: of('p50Ms'),
      p99Ms: of('p99Ms'),
      clientCpuMicroseconds: of('clientCpuMicroseconds'),
      serversCpuMicroseconds: spreadOf(group.map((result) => result.serversCpuMicroseconds))!,
      failed: group.reduce((sum, { measured }) => sum + measured.failed, 0),
    };
  });
}

export interface TrialName {
  readonly store: StoreName;
  readonly scenario: BenchScenario;
}

/**
 * The ratio of a figure of two trials, computed in each round that has both: a disturbance of a round affects both.
 * Undefined if no round has both.
 *
 * @param allowed a part of the first figure that does not count
 */
export function ratioOf(
  results: readonly Result[],
  one: TrialName,
  other: TrialName,
  figure: Figure,
  allowed = 0,
): Spread | undefined {
  const byRound = (name: TrialName) =>
    new Map(
      results
        .filter(({ store, scenario }) => trialId(store, scenario) === trialId(name.store, name.scenario))
        .map(({ round, measured }) => [round, measured[figure]]),
    );
  const others = byRound(other);
  const ratios = [...byRound(one)].flatMap(([round, value]) =>
    others.has(round) ? [(value - allowed) / others.get(round)!] : [],
  );
  return spreadOf(ratios);
}

function trialId(store: StoreName, scenario: BenchScenario): string {
  return `${store} ${scenarioId(scenario)}`;
}
