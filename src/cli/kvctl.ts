#!/usr/bin/env node
import { explainCallFailure, renderError } from './explain.js';
/** kvctl: reads, writes and looks after a cluster from a shell. The commands are in kvctl/, one file each. */
import { type Invocation, parseKvctlCommandLine, type ShellInvocation } from './kvctl/command-line.js';
import { type ExitCode, exitCodeOf, exitCodes } from './kvctl/exit-codes.js';
import { runCommand } from './kvctl/run-command.js';
import { Session } from './kvctl/session.js';
import { runLine } from './kvctl/shell/run-line.js';
import { runScript, runTerminal } from './kvctl/shell/shell.js';

/** Whoever reads the output may have seen enough, as in `kvctl status | head -1`. */
process.stdout.on('error', () => process.exit(exitCodes.failed));

async function main(): Promise<number> {
  try {
    return await run(await parseKvctlCommandLine(process.argv.slice(2)));
  } catch (error) {
    process.stderr.write(`${renderError('kvctl', error, explainCallFailure(error, false))}\n`);
    return exitCodeOf(error, false);
  }
}

async function run(invocation: Invocation | ShellInvocation): Promise<ExitCode> {
  const session = new Session(invocation.connection, invocation.deadlineMs);
  try {
    if (invocation.command !== undefined)
      return await runCommand(invocation, session, { signal: interrupted(), isStdinTaken: false });
    if (invocation.text !== undefined) {
      const outcome = await runLine(invocation.text, session, invocation, interrupted());
      return outcome === 'exit' ? exitCodes.ok : outcome;
    }
    if (process.stdin.isTTY === true) return await runTerminal(session, invocation);
    return await runScript(session, invocation, interrupted());
  } finally {
    await session.close();
  }
}

/** A first Ctrl-C gives up what is under way, and says so; a second one ends the process at once. */
function interrupted(): AbortSignal {
  const interrupting = new AbortController();
  process.once('SIGINT', () => interrupting.abort());
  return interrupting.signal;
}

const exitCode = await main();
// Behind what was written before: a large value may still be on its way into a pipe.
process.stdout.write('', () => process.exit(exitCode));
