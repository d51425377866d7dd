/**
 * The protocol with a rule broken, together with the virtual cluster and the scenarios that run it.
 *
 * Most sentences of the rules are a line in a function that its module keeps to itself, where no mock reaches. A variant
 * therefore edits the text: the core and its fixtures are copied to a temporary folder, the lines are replaced there, and
 * that copy is loaded. Product code knows nothing of it. A line that is not found exactly once is an error, so that no
 * variant outlives the code that it breaks.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CollectedScenario, collector } from './scenario-collector.js';

const replicationFolder = join(import.meta.dirname, '../../../src/replication');
const collectorPath = join(import.meta.dirname, 'scenario-collector.ts');

type ScenarioModule = typeof import('../../../src/replication/testing/scenario.fixture.js');
type SimulationModule = typeof import('../../../src/replication/testing/simulation.fixture.js');
type DumpingModule = typeof import('../../../src/replication/testing/dumping.fixture.js');

/** In `file` of src/replication, `broken` takes the place of `line`. */
export interface Edit {
  readonly file: string;
  readonly line: string;
  readonly broken: string;
}

export function edit(file: string, line: string, broken: string): Edit {
  return { file, line, broken };
}

export interface Lab extends Pick<ScenarioModule, 'Scenario' | 'outcome'>, Pick<DumpingModule, 'withoutHistory' | 'beginDump'> {
  runSchedule: SimulationModule['runSchedule'];
  /** Those of src/replication/scenarios/<topic>.test.ts. */
  scenariosOf(topic: string): readonly CollectedScenario[];
}

/** The given topics of scenarios are loaded with it. */
export async function openLab(edits: readonly Edit[], topics: readonly string[] = []): Promise<Lab> {
  const folder = mkdtempSync(join(tmpdir(), 'kvnode-variant-'));
  try {
    const isLeftOut = (path: string): boolean => path.endsWith('.test.ts') && !path.includes('scenarios');
    cpSync(replicationFolder, folder, { recursive: true, filter: (path) => !isLeftOut(path) });
    for (const change of edits) applyEdit(folder, change);
    return await load(folder, topics);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function applyEdit(folder: string, { file, line, broken }: Edit): void {
  const path = join(folder, file);
  const [before, after, ...more] = readFileSync(path, 'utf8').split(line);
  if (before === undefined || after === undefined || more.length > 0) throw new Error(`not found once in ${file}: ${line}`);
  writeFileSync(path, before + broken + after);
}

async function load(folder: string, topics: readonly string[]): Promise<Lab> {
  const fixture = <Module>(name: string) => import(join(folder, `testing/${name}.fixture.ts`)) as Promise<Module>;
  const { Scenario, outcome } = await fixture<ScenarioModule>('scenario');
  const { runSchedule } = await fixture<SimulationModule>('simulation');
  const { withoutHistory, beginDump } = await fixture<DumpingModule>('dumping');
  const scenarios = new Map<string, readonly CollectedScenario[]>();
  for (const topic of topics) scenarios.set(topic, await collectScenarios(join(folder, `scenarios/${topic}.test.ts`)));
  return { Scenario, outcome, runSchedule, withoutHistory, beginDump, scenariosOf: (topic) => scenarios.get(topic) ?? [] };
}

async function collectScenarios(path: string): Promise<readonly CollectedScenario[]> {
  const fromCollector = `import { collector } from '${collectorPath}';\nconst { $1 } = collector;`;
  writeFileSync(path, readFileSync(path, 'utf8').replace(/import \{ (.*) \} from 'vitest';/, fromCollector));
  await import(path);
  return collector.take();
}

/** All there are. */
export function scenarioTopics(): string[] {
  return readdirSync(join(replicationFolder, 'scenarios')).map((name) => name.replace('.test.ts', ''));
}
