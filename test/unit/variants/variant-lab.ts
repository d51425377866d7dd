/**
 * The protocol with a rule broken, together with the virtual cluster and the scenarios that run it.
 *
 * Most sentences of the rules are one line in a private function of a module, where no mock reaches. So a variant
 * edits the text of a module. The edited copy replaces the original in one test only, and everything that depends on
 * it is loaded anew. Product code knows nothing of it. A line that is not found exactly once is an error, so no
 * variant outlives the code that it breaks.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { vi } from 'vitest';
import type { CollectedScenario } from './scenario-collector.js';

const replicationFolder = join(import.meta.dirname, '../../../src/replication');
const simulationFolder = join(import.meta.dirname, '../../../simulation');
const collectorPath = join(import.meta.dirname, 'scenario-collector.ts');

type ScenarioModule = typeof import('../../../src/replication/testing/scenario.fixture.js');
type ControlModule = typeof import('../../../src/controller/control.js');
type ReplicaModule = typeof import('../../../src/replication/replica.js');
type SimulationModule = typeof import('../../../simulation/index.js');
type SnapshotStartModule = typeof import('../../../src/replication/testing/snapshot-start.fixture.js');

/** In `file`, a path below src/replication or below simulation, `broken` replaces `line`. */
export interface Edit {
  readonly file: string;
  readonly line: string;
  readonly broken: string;
}

export function edit(file: string, line: string, broken: string): Edit {
  return { file, line, broken };
}

export interface Lab
  extends Pick<ScenarioModule, 'Scenario' | 'outcome'>,
    Pick<SimulationModule, 'planOf' | 'runPlan'>,
    Pick<SnapshotStartModule, 'withoutHistory' | 'beginSnapshot'> {
  readonly Replica: ReplicaModule['Replica'];
  readonly Control: ControlModule['Control'];
  /** The scenarios of src/replication/scenarios/<topic>.test.ts. */
  scenariosOf(topic: string): readonly CollectedScenario[];
}

/** Loads the protocol with these edits, and the scenarios of these topics. */
export function openLab(edits: readonly Edit[], topics: readonly string[] = []): Promise<Lab> {
  return loadEdited(edits, (folder, editedOf) => load(folder, topics, editedOf));
}

/**
 * Loads the modules that `imports` imports anew, with the edits. `folder` is removed afterwards. `editedOf` gives the copy of an edited
 * module: the mock of a module that the variant before has edited as well may still be that one, if it is imported by its own path.
 */
export async function loadEdited<T>(
  edits: readonly Edit[],
  imports: (folder: string, editedOf: (path: string) => string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'kvnode-variant-'));
  const paths = [...new Set(edits.map(pathOf))];
  const copies = new Map<string, string>();
  vi.resetModules();
  try {
    for (const path of paths) {
      const copy = writeCopy(folder, path, (text) => edits.filter((change) => pathOf(change) === path).reduce(applyEdit, text));
      copies.set(path, copy);
      vi.doMock(path, () => import(copy));
    }
    return await imports(folder, (path) => copies.get(path) ?? path);
  } finally {
    for (const path of paths) vi.doUnmock(path);
    rmSync(folder, { recursive: true });
  }
}

function pathOf({ file }: Edit): string {
  return file.startsWith('simulation/') ? join(simulationFolder, '..', file) : join(replicationFolder, file);
}

function applyEdit(text: string, { file, line, broken }: Edit): string {
  const [before, after, ...more] = text.split(line);
  if (before === undefined || after === undefined || more.length > 0) throw new Error(`not found once in ${file}: ${line}`);
  return before + broken + after;
}

/** Writes an edited copy, which imports from the same places as the module. Returns its path. */
function writeCopy(folder: string, path: string, change: (text: string) => string): string {
  const copy = join(folder, relative(replicationFolder, path).replaceAll('/', '_'));
  const absolute = (_: string, imported: string) => `from '${resolve(dirname(path), imported)}'`;
  writeFileSync(copy, change(readFileSync(path, 'utf8')).replace(/from '(\.[^']*)'/g, absolute));
  return copy;
}

async function load(folder: string, topics: readonly string[], editedOf: (path: string) => string): Promise<Lab> {
  const fixture = <Module>(name: string) => import(join(replicationFolder, `testing/${name}.fixture.ts`)) as Promise<Module>;
  const { Scenario, outcome } = await fixture<ScenarioModule>('scenario');
  const { Replica } = (await import(join(replicationFolder, 'replica.ts'))) as ReplicaModule;
  const { Control } = (await import(editedOf(join(replicationFolder, '../controller/control.ts')))) as ControlModule;
  const { planOf, runPlan } = (await import(join(simulationFolder, 'index.ts'))) as SimulationModule;
  const { withoutHistory, beginSnapshot } = await fixture<SnapshotStartModule>('snapshot-start');
  const scenarios = new Map<string, readonly CollectedScenario[]>();
  for (const topic of topics) scenarios.set(topic, await collectScenarios(folder, topic));
  return {
    Replica,
    Control,
    Scenario,
    outcome,
    planOf,
    runPlan,
    withoutHistory,
    beginSnapshot,
    scenariosOf: (topic) => scenarios.get(topic) ?? [],
  };
}

async function collectScenarios(folder: string, topic: string): Promise<readonly CollectedScenario[]> {
  const fromCollector = `import { collector } from '${collectorPath}';\nconst { $1 } = collector;`;
  const copy = writeCopy(folder, join(replicationFolder, `scenarios/${topic}.test.ts`), (text) =>
    text.replace(/import \{ (.*) \} from 'vitest';/, fromCollector),
  );
  const { collector } = await import('./scenario-collector.js');
  await import(copy);
  return collector.take();
}

/** The topics of all scenarios. */
export const scenarioTopics: readonly string[] = readdirSync(join(replicationFolder, 'scenarios')).map((name) =>
  name.replace('.test.ts', ''),
);
