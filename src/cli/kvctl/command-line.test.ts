import { describe, expect, test } from 'vitest';
import { parseKvctlCommandLine } from './command-line.js';
import type { Invocation } from './invocation.js';

async function parsed(...args: string[]): Promise<Invocation> {
  const invocation = await parseKvctlCommandLine(args);
  if (invocation.command === undefined) throw new Error('no command was found');
  return invocation;
}

describe('kvctl - command line', () => {
  test.each([
    [
      ['put', '1e3', '0x10'],
      ['1e3', '0x10'],
    ],
    [
      ['put', '007', '-5'],
      ['007', '-5'],
    ],
    [
      ['put', 'k', '-'],
      ['k', '-'],
    ],
    [
      ['put', 'k', '"quoted"'],
      ['k', '"quoted"'],
    ],
    [
      ['put', '-key', '-x', '--json'],
      ['-key', '-x'],
    ],
    [
      ['put', 'k', '-a.b=c'],
      ['k', '-a.b=c'],
    ],
    [
      ['put', 'k', '--', '--x'],
      ['k', '--x'],
    ],
    [
      ['put', '', ''],
      ['', ''],
    ],
    [
      ['put', '--', '-k', '--zk'],
      ['-k', '--zk'],
    ],
    [
      ['put', 'k', 'help'],
      ['k', 'help'],
    ],
    [
      ['put', 'help', 'completion'],
      ['help', 'completion'],
    ],
    [
      ['--json', 'put', 'a.b', 'a=b'],
      ['a.b', 'a=b'],
    ],
  ])('%j keeps keys and values as typed', async (args, operands) => {
    const { command, operands: found } = await parsed(...args);
    expect(command.name).toBe('put');
    expect(found).toEqual(operands);
  });

  test.each(['-1', '"quoted"', '1e3', ''])('--value=%s is kept as typed', async (value) => {
    const { options } = await parsed('put', 'k', `--value=${value}`);
    expect(options.value).toBe(value);
  });

  test('a command of two words is recognised, and its words are not operands', async () => {
    const { command, operands, options } = await parsed('shard', 'force-primary', '0', '--accept-data-loss');
    expect(command.name).toBe('shard force-primary');
    expect(operands).toEqual(['0']);
    expect(options['accept-data-loss']).toBe(true);
  });

  test.each([
    [['putt', 'k'], '"putt k" is not a command'],
    [['shard', 'x'], '"shard x" is not a command'],
    [['get', 'k', '--if-absent'], '--if-absent is not an option of get'],
    [['get', 'k', '--no-json'], 'Unknown argument: no-json'],
    [['--if-absnt', 'put', 'k'], '--if-absnt is not an option; see kvctl --help'],
    [['--', 'get', 'k'], '"get k" is not a command'],
    [['get', 'k', '--deadline-ms', 'soon'], '--deadline-ms: "soon" must be a whole number from 1'],
    [['put', 'k', '--if-absnt=1'], '--if-absnt is not an option of put'],
    [['append', 'k', '--x'], 'A value that begins with -- is given as --value=TEXT'],
    [['getset', 'k', 'v', '--raw', '--json'], 'mutually exclusive'],
    [['put', 'k', '--x'], 'A value that begins with -- is given as --value=TEXT'],
    [['put', 'k', 'v', '--command', 'GET k'], 'two commands were given'],
    [['get', 'k', '--zk'], 'Not enough arguments following: zk'],
    [['get', 'k', '--raw', '--json'], 'mutually exclusive'],
  ])('%j is refused as a usage error', async (args, message) => {
    await expect(parseKvctlCommandLine(args)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(message),
    });
  });

  test('"help" is a value in every place of a value', async () => {
    expect((await parsed('put', 'k', '--value', 'help')).options.value).toBe('help');
  });

  test('without a command kvctl opens the shell, or runs the line of --command', async () => {
    expect(await parseKvctlCommandLine(['--nodes', 'a:1'])).toMatchObject({ command: undefined, connection: { nodes: 'a:1' } });
    expect(await parseKvctlCommandLine(['--command', 'PUT a "b c"'])).toMatchObject({ command: undefined, text: 'PUT a "b c"' });
  });
});
