/** Everything a run has found: what `--json` writes, and what tables and report are made from. */
import { statfs } from 'node:fs/promises';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { type GoalResult, judge } from './goals.js';
import type { Missing } from './packages.js';
import type { RunOptions, RunResults } from './rounds.js';
import type { StoreName } from './scenarios.js';
import { storeNamed } from './stores/index.js';
import { type Summary, summarise } from './summary.js';

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly node: string;
  /** Of the last minute, when the run began: what else the machine was doing. */
  readonly loadAverage: number;
  /** If the folder for temporary files is held in memory, flushing costs etcd nothing. */
  readonly temporaryFilesInMemory: boolean;
}

export interface Outcome extends RunResults {
  /** When it ended. */
  readonly date: string;
  readonly machine: Machine;
  readonly rounds: number;
  readonly measureMs: number;
  readonly summaries: readonly Summary[];
  readonly goals: readonly GoalResult[];
  readonly stores: readonly { readonly name: StoreName; readonly title: string; readonly note: string }[];
  readonly missing: readonly Missing[];
}

const tmpfsMagic = 0x01021994;

export async function describeMachine(): Promise<Machine> {
  const processors = cpus();
  const { type } = await statfs(tmpdir());
  return {
    cores: processors.length,
    cpu: processors[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    node: process.version,
    loadAverage: Math.round(loadavg()[0]! * 10) / 10,
    temporaryFilesInMemory: type === tmpfsMagic,
  };
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
