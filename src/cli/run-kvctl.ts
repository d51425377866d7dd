/** kvctl: reads, writes and administers a cluster from a shell. The commands are in kvctl/, one file each. */
import { renderError } from './explain.js';
import { surviveHangUp } from './hang-up.js';
import { type ExitCode, exitCodeOf, exitCodes } from './kvctl/exit-codes.js';
import type { Invocation, ShellInvocation } from './kvctl/invocation.js';
import { Output } from './kvctl/output.js';
import { parsePlainCommandLine } from './kvctl/plain-command-line.js';
import { runCommand } from './kvctl/run-command.js';
import { Session } from './kvctl/session.js';

/** True if the running command may have written, so that lost output means an unknown result. */
let mayHaveWritten = false;

surviveHangUp();
process.stdout.on('error', outputLost);
// A closed stderr does not end a command: a restore continues without its progress.
process.stderr.on('error', () => {});

/** A reader may close the pipe early, as in `kvctl status | head -1`; a full disk is reported. */
function outputLost(error: NodeJS.ErrnoException): never {
  const shown = new Error(`the output cannot be written: ${error.message}`);
  const data = mayHaveWritten ? 'it is not known whether the write took effect.' : 'nothing was changed.';
  if (error.code !== 'EPIPE') process.stderr.write(`${renderError('kvctl', shown, { data })}\n`);
  process.exit(mayHaveWritten ? exitCodes.outcomeUnknown : exitCodes.failed);
}

async function main(): Promise<number> {
  try {
    const invocation = await parse(process.argv.slice(2));
    mayHaveWritten = invocation.command?.isWrite ?? true;
    return await run(invocation);
  } catch (error) {
    // The command line itself may be invalid, so --json is searched in the raw arguments.
    new Output(process.argv.includes('--json')).failure(error, false);
    return exitCodeOf(error, false);
  }
}

/** Loads yargs only if it is needed. */
async function parse(args: readonly string[]): Promise<Invocation | ShellInvocation> {
  const plain = await parsePlainCommandLine(args);
  if (plain !== undefined) return plain;
  const { parseKvctlCommandLine } = await import('./kvctl/command-line.js');
  return parseKvctlCommandLine(args);
}

async function run(invocation: Invocation | ShellInvocation): Promise<ExitCode> {
  const session = new Session(invocation.connection, invocation.deadlineMs);
  try {
    if (invocation.command !== undefined)
      return await runCommand(invocation, session, { signal: interrupted(), isStdinTaken: false });
    if (invocation.text !== undefined) {
      const { runLine } = await import('./kvctl/shell/run-line.js');
      const outcome = await runLine(invocation.text, session, invocation, { signal: interrupted(), isStdinTaken: false });
      return outcome === 'exit' ? exitCodes.ok : outcome;
    }
    const { runScript, runTerminal } = await import('./kvctl/shell/shell.js');
    if (process.stdin.isTTY === true) return await runTerminal(session, invocation);
    return await runScript(session, invocation, interrupted());
  } finally {
    await session.close();
  }
}

/** The first Ctrl-C cancels the running command, which reports that. A second one ends the process at once. */
function interrupted(): AbortSignal {
  const interrupting = new AbortController();
  process.once('SIGINT', () => interrupting.abort());
  return interrupting.signal;
}

const exitCode = await main();
// An empty write is called back after all earlier writes: a pipe may not have accepted a large value yet.
process.stdout.write('', (error) => (error ? outputLost(error) : process.exit(exitCode)));
