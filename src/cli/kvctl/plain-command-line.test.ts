import { describe, expect, test } from 'vitest';
import { parseKvctlCommandLine } from './command-line.js';
import { commands } from './commands.js';
import { commonOptions } from './common-options.js';
import { parsePlainCommandLine } from './plain-command-line.js';

const commandNames = commands.map(({ name }) => name);

/** What can stand behind the name of an option, or instead of an option. `--help` and `--version` would end the process. */
const behindName = [[], ['5'], ['help'], ['true'], ['']];
const inName = ['=5', '=', '=-'];
const otherWords = [
  '-',
  '--',
  '-x',
  '',
  '1e3',
  'a b',
  '"q"',
  'help',
  'true',
  'get',
  'ja\u00e9',
  '--no-json',
  '--nope',
  '--nope=1',
];

function linesOf(name: string): string[][] {
  const own = commands.find((command) => command.name === name)!.options;
  const parts = Object.keys({ ...commonOptions, ...own }).flatMap((option) => [
    ...behindName.map((words) => [`--${option}`, ...words]),
    ...inName.map((value) => [`--${option}${value}`]),
  ]);
  return [...parts, ...otherWords.map((word) => [word])].flatMap((part) => [
    [name, 'k', ...part],
    [name, ...part, 'k'],
    [...part, name, 'k'],
    [name, 'k', ...part, '--json'],
  ]);
}

/** Without what yargs adds of its own. */
async function outcomeOf(parse: () => Promise<object | undefined>, name: string): Promise<unknown> {
  try {
    const invocation = await parse();
    if (invocation === undefined || !('options' in invocation)) return invocation;
    const known = { ...commonOptions, ...commands.find((command) => command.name === name)!.options };
    const options = Object.entries(invocation.options as object).filter(([option]) => option in known);
    return { ...invocation, options: Object.fromEntries(options) };
  } catch (error) {
    return { refused: (error as Error).message };
  }
}

describe('kvctl - plain command line', () => {
  test.each(['get', 'put', 'setrange', 'transact'])('what it accepts of %s means the same to yargs', async (name) => {
    let accepted = 0;
    for (const args of linesOf(name)) {
      const plain = await outcomeOf(() => parsePlainCommandLine(args), name);
      if (plain === undefined) continue;
      accepted += 1;
      expect({ args, outcome: plain }).toEqual({ args, outcome: await outcomeOf(() => parseKvctlCommandLine(args), name) });
    }
    expect(accepted).toBeGreaterThan(40);
  });

  test.each([
    [['get', 'user:1', '--nodes', 'a:1,b:2']],
    [['--nodes=a:1', '--json', 'get', 'user:1', '--deadline-ms', '100']],
    [['put', 'k', '-', '--if-version', '3']],
    [['keys', '--prefix', 'user:', '--all', '--long']],
    [['delete', 'k', '--if-value', 'open']],
    [['append', 'k', 'v', '--max-bytes=9']],
    [['setrange', 'k', '3', 'v']],
    [['getset', 'k', '-']],
    [['getdel', 'k', '--json']],
    [['transact', '{"do":[]}']],
    [['mget', 'a', 'b']],
    [['locate', 'a']],
    [['status', '--all']],
    [['health', '--live']],
    [['nodes']],
  ])('%j needs no yargs', async (args) => {
    const invocation = await parsePlainCommandLine(args);
    expect(invocation?.command.name).toBe(args.find((arg) => commandNames.includes(arg)));
  });
});
