#!/usr/bin/env node
import { explainCallFailure, renderError } from './explain.js';
/** kvctl: reads, writes and looks after a cluster from a shell. The commands are in kvctl/, one file each. */
import { parseKvctlCommandLine } from './kvctl/command-line.js';
import { exitCodeOf, exitCodes } from './kvctl/exit-codes.js';
import { runCommand } from './kvctl/run-command.js';

/** Whoever reads the output may have seen enough, as in `kvctl status | head -1`. */
process.stdout.on('error', () => process.exit(exitCodes.failed));

async function main(): Promise<number> {
  try {
    return await runCommand(await parseKvctlCommandLine(process.argv.slice(2)));
  } catch (error) {
    process.stderr.write(`${renderError('kvctl', error, explainCallFailure(error, false))}\n`);
    return exitCodeOf(error, false);
  }
}

const exitCode = await main();
// Behind what was written before: a large value may still be on its way into a pipe.
process.stdout.write('', () => process.exit(exitCode));
