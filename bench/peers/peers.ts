/**
 * `npm run bench:peers`: measures kvnode against Redis, etcd and ZooKeeper on this machine. The exit code is 1 if
 * anything failed.
 */
import { writeFile } from 'node:fs/promises';
import { onInterrupt } from '../../local/interrupt.js';
import { InterruptedError } from '../../local/steps.js';
import { KvError } from '../../src/errors.js';
import { parsePeersCommandLine } from './command-line.js';
import { describeMachine, machineText } from './machine.js';
import { outcomeOf, type TrialOutcome } from './outcome.js';
import { prepareStores } from './packages.js';
import { renderHtml } from './report.js';
import { runRounds } from './rounds.js';
import { scenarioId } from './scenarios.js';
import { select } from './selection.js';
import { renderTables } from './terminal.js';

const warmUpMs = 1_000;
/** The time of a measurement besides warm-up and window: the client process starts and writes the keys. */
const besidesMs = 1_000;

async function main(): Promise<number> {
  const { choice, rounds, measureMs, sideBySide, list, jsonFile, reportFile } = await parsePeersCommandLine(
    process.argv.slice(2),
  );
  const chosen = select(choice);
  if (chosen.length === 0) throw new KvError('INVALID_OPTION', 'no trial is left: see --list');
  if (list) {
    for (const { store, scenario } of chosen) printLine(`${store} ${scenarioId(scenario)}`);
    return 0;
  }
  const interrupted = onInterrupt();
  const machine = await describeMachine();
  const missing = await prepareStores([...new Set(chosen.map(({ store }) => store))], printLine);
  for (const { store, reason } of missing) printLine(`${store} is left out: ${reason}`);
  const trials = chosen.filter(({ store }) => missing.every((one) => one.store !== store));
  const minutes = (rounds * trials.length * (warmUpMs + measureMs + besidesMs)) / 60_000;
  printLine(machineText(machine));
  printLine(
    `${trials.length} trials, ${rounds} rounds, ${measureMs / 1_000} s each: about ${Math.ceil(minutes)} minutes, more with many keys`,
  );
  const options = { trials, rounds, sideBySide, warmUpMs, measureMs };
  const outcome = await outcomeOf(machine, options, await runRounds(options, printLine, interrupted), missing);
  if (outcome.results.length > 0) await publish(outcome, jsonFile, reportFile);
  if (interrupted.reason instanceof InterruptedError) return interrupted.reason.exitCode;
  return outcome.failures.length > 0 ? 1 : 0;
}

async function publish(outcome: TrialOutcome, jsonFile: string | undefined, reportFile: string | undefined): Promise<void> {
  printLine(renderTables(outcome));
  if (jsonFile !== undefined) await writeFile(jsonFile, `${JSON.stringify(outcome, undefined, 2)}\n`);
  if (reportFile !== undefined) await writeFile(reportFile, await renderHtml(outcome));
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(error: unknown): number {
  process.stderr.write(`bench:peers: ${error instanceof Error ? error.message : String(error)}\n`);
  return error instanceof KvError && error.code === 'INVALID_OPTION' ? 2 : 1;
}

process.exit(await main().catch(fail));
