/** `npm run bench:goals`: measures kvnode's goals for speed. The exit code is 1 if a goal could not be measured. */
import { writeFile } from 'node:fs/promises';
import Table from 'cli-table3';
import { onInterrupt } from '../../local/interrupt.js';
import { InterruptedError } from '../../local/steps.js';
import { KvError } from '../../src/errors.js';
import { describeMachine, machineText } from '../peers/machine.js';
import { allGoals } from './all-goals.js';
import { parseGoalsCommandLine } from './command-line.js';
import type { Goal, GoalOutcome, GoalRun } from './goal.js';

interface Measured extends GoalOutcome {
  readonly goal: string;
}

async function main(): Promise<number> {
  const known = allGoals.map(({ name }) => name);
  const { only, rounds, measureMs, kills, jsonFile } = await parseGoalsCommandLine(process.argv.slice(2), known);
  const signal = onInterrupt();
  const machine = await describeMachine();
  printLine(machineText(machine));
  const chosen = allGoals.filter(({ name }) => only.length === 0 || only.includes(name));
  const print = (line: string): void => printLine(`  ${line}`);
  const { outcomes, failures } = await measureAll(chosen, { rounds, measureMs, kills, signal, print });
  if (outcomes.length > 0) printLine(tableOf(outcomes));
  for (const failure of failures) printLine(`NOT MEASURED: ${failure}`);
  if (jsonFile !== undefined) {
    const date = new Date().toISOString();
    await writeFile(
      jsonFile,
      `${JSON.stringify({ date, machine, rounds, measureMs, kills, outcomes, failures }, undefined, 2)}\n`,
    );
  }
  if (signal.reason instanceof InterruptedError) return signal.reason.exitCode;
  return failures.length > 0 ? 1 : 0;
}

/** Measures the goals one after the other, each alone on the machine. After a failure the next goal is measured. */
async function measureAll(chosen: readonly Goal[], run: GoalRun) {
  const outcomes: Measured[] = [];
  const failures: string[] = [];
  for (const goal of chosen) {
    if (run.signal.aborted) break;
    printLine(goal.name);
    try {
      outcomes.push(...(await goal.measure(run)).map((outcome) => ({ goal: goal.name, ...outcome })));
    } catch (error) {
      if (!run.signal.aborted) failures.push(`${goal.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { outcomes, failures };
}

function tableOf(outcomes: readonly Measured[]): string {
  const head = ['goal', 'what', 'wanted', 'found', 'reached'];
  const lines = new Table({ head, style: { head: [], border: [], compact: true } });
  lines.push(...outcomes.map(({ goal, what, wanted, found, reached }) => [goal, what, wanted, found, reached ? 'yes' : 'no']));
  return lines.toString();
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(error: unknown): number {
  process.stderr.write(`bench:goals: ${error instanceof Error ? error.message : String(error)}\n`);
  return error instanceof KvError && error.code === 'INVALID_OPTION' ? 2 : 1;
}

process.exit(await main().catch(fail));
