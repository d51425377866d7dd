/** The complete outcome of a run. `--json` writes it, and the tables and the report are made from it. */
import { type GoalResult, judgeGoals } from './goals.js';
import type { MachineDescription } from './machine.js';
import type { Missing } from './packages.js';
import type { RoundsOptions, RunResults } from './rounds.js';
import type { StoreName } from './scenarios.js';
import { storeNamed } from './stores/index.js';
import { type Summary, summarise } from './summary.js';

export interface TrialOutcome extends RunResults {
  /** The time of its end. */
  readonly date: string;
  readonly machine: MachineDescription;
  readonly rounds: number;
  readonly measureMs: number;
  readonly summaries: readonly Summary[];
  readonly goals: readonly GoalResult[];
  readonly stores: readonly { readonly name: StoreName; readonly title: string; readonly note: string }[];
  readonly missing: readonly Missing[];
}

export async function outcomeOf(
  machine: MachineDescription,
  { rounds, measureMs }: RoundsOptions,
  { results, failures }: RunResults,
  missing: readonly Missing[],
): Promise<TrialOutcome> {
  const names = [...new Set(results.map(({ store }) => store))];
  const stores = await Promise.all(
    names.map(async (name) => {
      const { title, note } = await storeNamed(name);
      return { name, title, note };
    }),
  );
  const date = new Date().toISOString();
  const [summaries, goals] = [summarise(results), judgeGoals(results)];
  return { date, machine, rounds, measureMs, summaries, goals, stores, missing, failures, results };
}
