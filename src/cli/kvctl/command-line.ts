/**
 * The command line of kvctl. Keys and values are data: operands are taken from `_`, as typed, because yargs' named
 * positionals turn 1e3 into 1000 and - into nothing.
 */
import yargs, { type Argv } from 'yargs';
import { KvError } from '../../errors.js';
import { packageVersion } from '../../version.js';
import { throwUsageError } from '../usage-error.js';
import { type Command, wholeNumber } from './command.js';
import type { ConnectionOptions } from './connect.js';
import { deleteCommand } from './delete.js';
import { forcePrimaryCommand } from './force-primary.js';
import { getCommand } from './get.js';
import { locateCommand } from './locate.js';
import { nodesCommand } from './nodes.js';
import { putCommand } from './put.js';
import { statusCommand } from './status.js';

export interface Invocation {
  readonly command: Command;
  readonly operands: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly connection: ConnectionOptions;
  readonly json: boolean;
  readonly deadlineMs: number;
}

const commands: readonly Command[] = [
  ...[putCommand, getCommand, deleteCommand, locateCommand],
  ...[statusCommand, nodesCommand, forcePrimaryCommand],
];
const defaultDeadlineMs = 5000;

const epilogue = `Behind -- everything is an operand: kvctl put -- -key -value

Exit codes: 0 done; 1 failed, and definitely nothing was changed; 2 the command line is wrong;
3 the outcome of a write is unknown; 4 the key does not exist (get, delete); 5 the key is at another version.`;

/** Prints and ends the process for --help and --version. @throws KvError INVALID_OPTION */
export async function parseKvctlCommandLine(args: readonly string[]): Promise<Invocation> {
  let found: { command: Command; parsed: Record<string, unknown> } | undefined;
  const parser = addCommonOptions(yargs([...args]));
  addCommands(parser, commands, (command, parsed) => {
    found = { command, parsed };
  });
  await parser.parseAsync();
  if (found === undefined) throw new KvError('INVALID_OPTION', 'no command was given; see kvctl --help');
  return toInvocation(found.command, found.parsed);
}

type OnCommand = (command: Command, parsed: Record<string, unknown>) => void;

/** Commands of two words (`shard force-primary`) become commands below their first. */
function addCommands(parser: Argv, list: readonly Command[], onCommand: OnCommand, prefix = ''): void {
  const rest = (command: Command): string[] => command.name.slice(prefix.length).trim().split(' ');
  const firstWords = new Set(list.map((command) => rest(command)[0] ?? ''));
  for (const word of firstWords) {
    const below = list.filter((command) => rest(command)[0] === word);
    const [command] = below;
    if (command === undefined) continue;
    if (rest(command).length > 1) {
      parser.command(word, `Commands on one ${word}`, (inner) => addCommands(inner, below, onCommand, `${prefix}${word} `));
    } else {
      const usage = `kvctl ${command.name} ${command.operands} [options]\n\n${command.summary}.`;
      parser.command(
        word,
        command.summary,
        (inner) => inner.usage(usage).options(command.options).group(Object.keys(command.options), 'Options:'),
        (parsed) => onCommand(command, parsed),
      );
    }
  }
  parser.command(
    '$0',
    false,
    () => {},
    (parsed) => {
      const typed = parsed._.join(' ');
      throw new KvError(
        'INVALID_OPTION',
        typed === '' ? 'no command was given; see kvctl --help' : `"${typed}" is no command; see kvctl --help`,
      );
    },
  );
}

function addCommonOptions(parser: Argv): Argv {
  return parser
    .scriptName('kvctl')
    .usage('$0 COMMAND [options]\n\nReads, writes and looks after a kvnode cluster.')
    .parserConfiguration({
      'parse-positional-numbers': false,
      'parse-numbers': false,
      'duplicate-arguments-array': false,
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
    })
    .options({
      nodes: {
        type: 'string',
        requiresArg: true,
        describe: 'Nodes to ask, host:port[,host:port...]; any of the cluster will do',
      },
      zk: {
        type: 'string',
        requiresArg: true,
        describe: 'ZooKeeper connection string, to find the nodes',
        defaultDescription: 'localhost:2181',
      },
      root: {
        type: 'string',
        requiresArg: true,
        describe: 'Root znode of the cluster, with --zk',
        defaultDescription: '/kvstore',
      },
      'deadline-ms': {
        type: 'string',
        requiresArg: true,
        default: String(defaultDeadlineMs),
        describe: 'Longest time for a call',
      },
      json: { type: 'boolean', describe: 'One JSON value instead of text' },
    })
    .group(['nodes', 'zk', 'root', 'deadline-ms'], 'Connection (also from KVNODE_NODES, KVNODE_ZK, KVNODE_ROOT):')
    .group(['json', 'help', 'version'], 'General:')
    .strictOptions()
    .epilogue(epilogue)
    .version(packageVersion())
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .fail(throwUsageError);
}

function toInvocation(command: Command, parsed: Record<string, unknown>): Invocation {
  const text = (name: string): string | undefined => parsed[name] as string | undefined;
  const words = command.name.split(' ').length;
  return {
    command,
    operands: (parsed._ as unknown[]).slice(words).map(String),
    options: parsed,
    connection: { nodes: text('nodes'), zk: text('zk'), root: text('root') },
    json: parsed.json === true,
    deadlineMs: wholeNumber(parsed, 'deadline-ms', 1) ?? defaultDeadlineMs,
  };
}
