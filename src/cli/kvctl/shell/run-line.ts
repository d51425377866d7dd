/** Runs one typed line and returns its exit code. */
import { KvError } from '../../../errors.js';
import { parseShellCommand } from '../command-line.js';
import { commands } from '../commands.js';
import { type ExitCode, exitCodeOf, exitCodes } from '../exit-codes.js';
import type { Common } from '../invocation.js';
import { Output } from '../output.js';
import { type Circumstances, runCommand } from '../run-command.js';
import type { Session } from '../session.js';
import { parseStatement } from './statement.js';

/** `exit`: the shell reads no more lines. */
export type LineOutcome = ExitCode | 'exit';

/** A line may have its own --json and --deadline-ms, but not its own cluster. */
export async function runLine(line: string, session: Session, common: Common, around: Circumstances): Promise<LineOutcome> {
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
    refuseOtherCluster(invocation);
    return await runCommand(invocation, session, around);
  } catch (error) {
    new Output(common.json).failure(error, false);
    return exitCodeOf(error, false);
  }
}

/** Refuses options that name another cluster: the line would still run on the shell's cluster. */
function refuseOtherCluster({ connection }: Common): void {
  const [given] = Object.entries(connection).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (given !== undefined)
    throw new KvError('INVALID_OPTION', `--${given} chooses the cluster of all lines: pass it to kvctl itself when you start it`);
}

const usageWidth = 38;

function helpText(): string {
  const lines = commands.map(({ name, operands, summary }) => {
    const usage = `${name} ${operands}`;
    return `  ${usage.padEnd(usageWidth)} ${usage.length > usageWidth ? `\n${' '.repeat(usageWidth + 3)}` : ''}${summary}`;
  });
  return `${lines.join('\n')}
  exit                                   Leave, as Ctrl-D does

"help COMMAND" shows its options. Quotes keep blanks: put user:1 "Alice Smith". Commands on keys can be written
in capitals, as PUT and GET. Keys and values are then taken as they are, also with - or @ in front, except with INCREMENT
and TRANSACT. Ctrl-C abandons a command. Values are kept in the history with the lines that hold them.
`;
}
