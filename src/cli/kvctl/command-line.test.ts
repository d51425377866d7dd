import { describe, expect, test } from 'vitest';
import { parseKvctlCommandLine } from './command-line.js';

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
      ['put', '', ''],
      ['', ''],
    ],
    [
      ['put', '--', '-k', '--zk'],
      ['-k', '--zk'],
    ],
    [
      ['--json', 'put', 'a.b', 'a=b'],
      ['a.b', 'a=b'],
    ],
  ])('%j keeps keys and values as typed', async (args, operands) => {
    const parsed = await parseKvctlCommandLine(args);
    expect(parsed.command.name).toBe('put');
    expect(parsed.operands).toEqual(operands);
  });

  test.each(['-1', '"quoted"', '1e3', ''])('--value=%s is kept as typed', async (value) => {
    const { options } = await parseKvctlCommandLine(['put', 'k', `--value=${value}`]);
    expect(options.value).toBe(value);
  });

  test('a command of two words is found, and its words are no operands', async () => {
    const { command, operands, options } = await parseKvctlCommandLine(['shard', 'force-primary', '0', '--accept-data-loss']);
    expect(command.name).toBe('shard force-primary');
    expect(operands).toEqual(['0']);
    expect(options['accept-data-loss']).toBe(true);
  });

  test.each([
    [[], 'no command was given'],
    [['putt', 'k'], '"putt k" is no command'],
    [['shard', 'x'], '"shard x" is no command'],
    [['get', 'k', '--if-absent'], 'Unknown argument: if-absent'],
    [['get', 'k', '--deadline-ms', 'soon'], '--deadline-ms: "soon" must be a whole number from 1'],
    [['get', 'k', '--zk'], 'Not enough arguments following: zk'],
    [['get', 'k', '--raw', '--json'], 'mutually exclusive'],
  ])('%j is refused as a usage error', async (args, message) => {
    await expect(parseKvctlCommandLine(args)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(message),
    });
  });
});
