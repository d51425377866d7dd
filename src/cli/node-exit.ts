/** Ends the process of a node. Its last lines are written within a limited time, if anything reads them. */
import type { LogOutput } from '../logging/index.js';
import { openOutput, writeWithin } from '../logging/index.js';

const standardError = 2;
/** Limits at the end the time for the log, and then the time for the error on stderr. */
const lastLinesMs = 500;

/** Ends the process in good order. */
export async function endNode(exitCode: number, output: LogOutput | undefined): Promise<never> {
  await output?.flush(lastLinesMs);
  return endProcess(exitCode, output);
}

/** Ends the process in this turn, so that no other code of it runs. */
export function endNodeNow(exitCode: number, output: LogOutput | undefined): never {
  output?.flushNow(lastLinesMs);
  return endProcess(exitCode, output);
}

function endProcess(exitCode: number, output: LogOutput | undefined): never {
  // A normal exit would wait for the thread that writes the log, which waits for the log's reader.
  if (output?.isStuck === true) process.kill(process.pid, 'SIGKILL');
  process.exit(exitCode);
}

/** Writes the reason to stderr. If stderr cannot be written, only the exit code remains. */
export function writeLastWords(text: string): void {
  writeWithin(openOutput(standardError), Buffer.from(text), lastLinesMs);
}
