/** One line as it is typed, from a text to an exit code. */
import { type Common, parseShellCommand } from '../command-line.js';
import { commands } from '../commands.js';
import { type ExitCode, exitCodeOf, exitCodes } from '../exit-codes.js';
import { Output } from '../output.js';
import { runCommand } from '../run-command.js';
import type { Session } from '../session.js';
import { parseStatement } from './statement.js';

/** `exit`: nothing more is to be read. */
export type LineOutcome = ExitCode | 'exit';

/** Where the cluster is has been said already; a line may say --json and --deadline-ms for itself. */
export async function runLine(line: string, session: Session, common: Common, signal: AbortSignal): Promise<LineOutcome> {
  try {
    const statement = parseStatement(line);
    if (statement.kind === 'nothing') return exitCodes.ok;
    if (statement.kind === 'exit') return 'exit';
    if (statement.kind === 'help') {
      process.stdout.write(helpText());
      return exitCodes.ok;
    }
    const asGiven = ['--deadline-ms', String(common.deadlineMs), ...(common.json ? ['--json'] : [])];
    const invocation = await parseShellCommand([...asGiven, ...statement.words]);
    if (invocation === undefined) return exitCodes.ok;
    return await runCommand(invocation, session, { signal, isStdinTaken: true });
  } catch (error) {
    new Output(common.json).failure(error, false);
    return exitCodeOf(error, false);
  }
}

function helpText(): string {
  const lines = commands.map(({ name, operands, summary }) => `  ${`${name} ${operands}`.padEnd(38)} ${summary}`);
  return `${lines.join('\n')}
  exit                                   Leave, as Ctrl-D does

"help COMMAND" tells its options. Quotes keep blanks: put user:1 "Alice Smith". PUT, GET, DELETE, MGET, LOCATE, LIST_NODES, INFO,
STATUS, KEYS, HELP and EXIT can be written in capitals; keys and values are then taken as they are, also with - or @ in front.
Ctrl-C abandons a command. Values are kept in the history with the lines that hold them.
`;
}
