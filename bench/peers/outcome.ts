/** The complete outcome of a run. `--json` writes it, and the tables and the report are made from it. */
import { type GoalResult, judge } from './goals.js';
import type { Machine } from './machine.js';
import type { Missing } from './packages.js';
import type { RunOptions, RunResults } from './rounds.js';
import type { StoreName } from './scenarios.js';
import { storeNamed } from './stores/index.js';
import { type Summary, summarise } from './summary.js';

export interface Outcome extends RunResults {
  /** The time of its end. */
  readonly date: string;
  readonly machine: Machine;
  readonly rounds: number;
  readonly measureMs: number;
  readonly summaries: readonly Summary[];
  readonly goals: readonly GoalResult[];
  readonly stores: readonly { readonly name: StoreName; readonly title: string; readonly note: string }[];
  readonly missing: readonly Missing[];
}

export async function outcomeOf(
  machine: Machine,
  { rounds, measureMs }: RunOptions,
  { results, failures }: RunResults,
  missing: readonly Missing[],
): Promise<Outcome> {
  const names = [...new Set(results.map(({ store }) => store))];
  const stores = await Promise.all(
    names.map(async (name) => {
      const { title, note } = await storeNamed(name);
      return { name, title, note };
    }),
  );
  const date = new Date().toISOString();
  const [summaries, goals] = [summarise(results), judge(results)];
  return { date, machine, rounds, measureMs, summaries, goals, stores, missing, failures, results };
}
