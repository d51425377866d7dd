/**
 * The command line of kvctl. Keys and values are data: operands are taken from `_`, as typed, because yargs' named
 * positionals turn 1e3 into 1000 and - into nothing.
 */
import yargs, { type Argv, type Options } from 'yargs';
import { KvError } from '../../errors.js';
import { packageVersion } from '../../version.js';
import { throwUsageError } from '../usage-error.js';
import type { Command } from './command.js';
import { commands } from './commands.js';
import { commonOptions, connectionOptionNames, epilogue } from './common-options.js';
import { commonOf, type Invocation, type ShellInvocation } from './invocation.js';

/**
 * Parses the command line of the process. For --help, --version and completion it prints the result and ends the
 * process.
 * @throws KvError INVALID_OPTION
 */
export async function parseKvctlCommandLine(args: readonly string[]): Promise<Invocation | ShellInvocation> {
  const parser = newParser(args).completion('completion', 'Print a script that completes commands and options in bash or zsh');
  let found: Invocation | ShellInvocation | undefined;
  addCommands(parser, commands, (command, parsed) => {
    found = toInvocation(command, parsed);
  });
  parser.command(
    '$0',
    false,
    () => {},
    (parsed) => {
      const words = wordsOf(parsed);
      if (words.length > 0) throw noCommand(words);
      found = { command: undefined, text: parsed.command as string | undefined, ...commonOf(parsed) };
    },
  );
  await parser.parseAsync();
  if (found === undefined) throw new KvError('INVALID_OPTION', 'no command was given; see kvctl --help');
  return found;
}

/**
 * Parses a line of the shell, and prints the help for --help.
 * @returns undefined if the line only requested help. @throws KvError INVALID_OPTION
 */
export async function parseShellCommand(args: readonly string[]): Promise<Invocation | undefined> {
  const parser = newParser(args).exitProcess(false);
  let found: Invocation | undefined;
  addCommands(parser, commands, (command, parsed) => {
    found = toInvocation(command, parsed);
  });
  parser.command(
    '$0',
    false,
    () => {},
    (parsed) => {
      throw noCommand(wordsOf(parsed));
    },
  );
  await parser.parseAsync();
  return found;
}

/**
 * The words that are not options, in order. A key or a value may begin with -. A word that begins with -- counts as an
 * option, unless it follows a separate --. @throws KvError INVALID_OPTION
 */
function wordsOf(parsed: Readonly<Record<string, unknown>>, command?: Command): string[] {
  const words = (parsed._ as unknown[]).map(String);
  const option = words.find((word) => word.startsWith('--'));
  if (option === undefined) return [...words, ...((parsed['--'] as string[] | undefined) ?? [])];
  const where = command === undefined ? '; see kvctl --help' : ` of ${command.name}; see kvctl ${command.name} --help`;
  const remedy =
    command !== undefined && 'value' in command.options ? '. A value that begins with -- is given as --value=TEXT' : '';
  throw new KvError('INVALID_OPTION', `${option.split('=')[0]} is not an option${where}${remedy}`);
}

function noCommand(words: readonly string[]): KvError {
  return new KvError('INVALID_OPTION', `"${words.join(' ')}" is not a command; see kvctl --help`);
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
      parser.command(word, `Commands: ${below.map(({ name }) => name).join(', ')}`, (inner) => {
        addCommands(inner, below, onCommand, `${prefix}${word} `);
        inner.command(
          '$0',
          false,
          () => {},
          (parsed) => {
            throw noCommand(wordsOf(parsed));
          },
        );
      });
    } else {
      const details = command.details === undefined ? '' : `\n\n${command.details}`;
      const usage = `kvctl ${command.name} ${command.operands} [options]\n\n${command.summary}.${details}`;
      parser.command(
        word,
        command.summary,
        (inner) => inner.usage(usage).options(command.options).group(Object.keys(command.options), 'Options:'),
        (parsed) => onCommand(command, parsed),
      );
    }
  }
}

function newParser(args: readonly string[]): Argv {
  return yargs(keepOperands(args, { ...commonOptions, ...Object.assign({}, ...commands.map(({ options }) => options)) }))
    .scriptName('kvctl')
    .usage(
      '$0 [COMMAND] [options]\n\nReads, writes and administers a kvnode cluster. Without a command it reads commands line by line.',
    )
    .parserConfiguration({
      'parse-positional-numbers': false,
      'parse-numbers': false,
      'duplicate-arguments-array': false,
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      // Shells request completions with an option that yargs does not declare, so it must not become an operand.
      'unknown-options-as-args': !args.includes('--get-yargs-completions'),
      'populate--': true,
    })
    .options(commonOptions)
    .group([...connectionOptionNames], 'Connection (also from KVNODE_NODES, KVNODE_ZK, KVNODE_ROOT):')
    .group(['json', 'command', 'help', 'version'], 'General:')
    .strictOptions()
    .epilogue(epilogue)
    .version(packageVersion())
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .fail(throwUsageError);
}

function toInvocation(command: Command, parsed: Record<string, unknown>): Invocation {
  if (parsed.command !== undefined)
    throw new KvError('INVALID_OPTION', `two commands were given: ${command.name}, and another with --command`);
  const words = command.name.split(' ').length;
  return { command, operands: wordsOf(parsed, command).slice(words), options: parsed, ...commonOf(parsed) };
}

/**
 * The same words, with a last operand `help` behind `--`. Otherwise yargs reads a last word `help` as --help, and
 * `kvctl get help` could not read the key of that name.
 */
function keepOperands(args: readonly string[], options: Readonly<Record<string, Options>>): string[] {
  const last = args.at(-1);
  const before = args.at(-2);
  if (last !== 'help' || before === undefined || args.includes('--') || args.includes('--get-yargs-completions'))
    return [...args];
  const isItsValue = before.startsWith('--') && options[before.slice(2)]?.type === 'string';
  return isItsValue ? [...args] : [...args.slice(0, -1), '--', last];
}
