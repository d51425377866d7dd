/** Ends the process of a node. Its last lines are written within a limited time, if anything reads them. */
import type { LogOutput } from '../logging/index.js';
import { openOutput, writeWithin } from '../logging/index.js';

const standardError = 2;
/** Limits at the end the time for the log, and then the time for the error on stderr. */
const lastLinesMs = 500;

/** What the end of the process may have to wait for. */
export interface EndingProcess {
  readonly output: LogOutput | undefined;
  readonly node: { readonly diskHangs: boolean } | undefined;
}

/** Ends the process in good order. */
export async function endNode(exitCode: number, ending: EndingProcess): Promise<never> {
  await ending.output?.flush(lastLinesMs);
  return endProcess(exitCode, ending);
}

/** Ends the process in this turn, so that no other code of it runs. */
export function endNodeNow(exitCode: number, ending: EndingProcess): never {
  ending.output?.flushNow(lastLinesMs);
  return endProcess(exitCode, ending);
}

function endProcess(exitCode: number, { output, node }: EndingProcess): never {
  // A normal exit would wait for the thread that writes the log, which waits for the log's reader, and for those that wait for a disk.
  if (output?.isStuck === true || node?.diskHangs === true) process.kill(process.pid, 'SIGKILL');
  process.exit(exitCode);
}

/** Writes the reason to stderr. If stderr cannot be written, only the exit code remains. */
export function writeLastWords(text: string): void {
  writeWithin(openOutput(standardError), Buffer.from(text), lastLinesMs);
}
