/** The end of a node's process: the last lines are written if anything reads them, within a limited time. */
import type { LogOutput } from '../logging/index.js';
import { openOutput, writeWithin } from '../logging/index.js';

const standardError = 2;
/** The log, and after it the error on stderr, may each take this long at the end. */
const lastLinesMs = 500;

/** Ends the process in good order. */
export async function endNode(exitCode: number, output: LogOutput | undefined): Promise<never> {
  await output?.flush(lastLinesMs);
  return endProcess(exitCode, output);
}

/** Ends the process in this turn: nothing else of it runs any more. */
export function endNodeNow(exitCode: number, output: LogOutput | undefined): never {
  output?.flushNow(lastLinesMs);
  return endProcess(exitCode, output);
}

function endProcess(exitCode: number, output: LogOutput | undefined): never {
  // An exit would wait for the thread that waits for the reader of the log.
  if (output?.isStuck === true) process.kill(process.pid, 'SIGKILL');
  process.exit(exitCode);
}

/** Writes to stderr what happened. Where stderr cannot be written, the exit code is left. */
export function writeLastWords(text: string): void {
  writeWithin(openOutput(standardError), Buffer.from(text), lastLinesMs);
}
