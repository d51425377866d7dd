/**
 * `npm run walk:postgres`: four nodes with their data in PostgreSQL lose a primary, and its copies are made anew on the node that had none.
 * By default everything is a process of this machine. With `--containers` it is docker/compose.postgres.yaml, whose containers and data
 * are removed at the end. The exit code is that of the demo.
 */
import { databaseWalkthrough } from './database-walkthrough.js';
import { onInterrupt } from './interrupt.js';
import { PostgresContainers } from './postgres-containers.js';
import { PostgresProcesses } from './postgres-processes.js';
import { createStepRunner, InterruptedError, type StepRunner } from './steps.js';

const nodes = 4;
/** A stopped node is replaced in seconds instead of a minute. */
const extra = ['--replace-after-ms', '3000', '--max-data', '1GiB'];

async function walkProcesses(runner: StepRunner): Promise<void> {
  await using started = await runner.step(`start ZooKeeper, PostgreSQL and ${nodes} nodes as processes of their own`, () =>
    PostgresProcesses.start({ nodes, extra }),
  );
  await databaseWalkthrough(started, runner);
}

async function walkContainers(runner: StepRunner): Promise<void> {
  const containers = await runner.step('build the image and start the containers of docker/compose.postgres.yaml', () =>
    PostgresContainers.start(process.cwd()),
  );
  try {
    await databaseWalkthrough(containers, runner);
  } finally {
    printLine('removing the containers and their data');
    await containers.remove();
  }
}

async function main(): Promise<number> {
  const runner = createStepRunner(printLine, onInterrupt());
  try {
    await (process.argv.includes('--containers') ? walkContainers(runner) : walkProcesses(runner));
    return 0;
  } catch (error) {
    process.stderr.write(`\nwalk: ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof InterruptedError ? error.exitCode : 1;
  }
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exit(await main());
