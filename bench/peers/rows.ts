/** The contents of the tables, for the terminal and the report. */
import type { TrialOutcome } from './outcome.js';
import { scenarioId } from './scenarios.js';
import { ratioOf, type Summary, spreadText } from './summary.js';

export interface TableText {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** One row for each trial. The trials of a scenario stand together. */
export function ratesTable({ summaries, results, stores }: TrialOutcome): TableText {
  const titleOf = new Map(stores.map(({ name, title }) => [name, title]));
  const ids = [...new Set(summaries.map(({ scenario }) => scenarioId(scenario)))];
  const row = (summary: Summary): string[] => {
    const { store, scenario, failed } = summary;
    const own = { store: 'kvnode', scenario } as const;
    const ratio = store === 'kvnode' ? undefined : ratioOf(results, own, summary, 'operationsPerSecond');
    return [
      scenarioId(scenario),
      titleOf.get(store) ?? store,
      spreadText(summary.operationsPerSecond, 0),
      summary.p50Ms.median.toFixed(2),
      summary.p99Ms.median.toFixed(2),
      summary.clientCpuMicroseconds.median.toFixed(1),
      summary.serversCpuMicroseconds.median.toFixed(1),
      ratio === undefined ? '' : spreadText(ratio, 2),
      failed === 0 ? '' : String(failed),
    ];
  };
  return {
    head: ['scenario', 'store', 'operations/s', 'p50 ms', 'p99 ms', 'client CPU µs', 'servers CPU µs', 'kvnode / it', 'failed'],
    rows: ids.flatMap((id) => summaries.filter(({ scenario }) => scenarioId(scenario) === id).map(row)),
  };
}

/** The goals that were measured. */
export function goalsTable({ goals }: TrialOutcome): TableText {
  return {
    head: ['goal', 'kvnode', 'threads x in flight', 'wanted', 'found', 'reached'],
    rows: goals.flatMap(({ name, what, shape, bound, wanted, found, reached }) =>
      found === undefined ? [] : [[name, what, shape, `${bound} ${wanted}`, spreadText(found, 2), reached ?? '']],
    ),
  };
}
