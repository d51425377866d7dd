import { describe, expect, test } from 'vitest';
import { flagOf, optionNames, optionSpecs } from '../config/index.js';
import { parseNodeCommandLine } from './node-command-line.js';
import { parsePlainNodeCommandLine } from './plain-node-command-line.js';

const forms = [[], ['5'], ['0x10'], ['1e3'], ['a:1,b:2/c'], ['[::1]:9090'], ['-5'], ['true'], ['"q"'], ["'q'"], ['']];
const inWord = ['=5', '=', '=-', '=true', '="q"'];

async function outcomeOf(parse: () => object | undefined | Promise<object | undefined>): Promise<unknown> {
  try {
    const given = await parse();
    return given && Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  } catch (error) {
    return { refused: (error as Error).message };
  }
}

describe('kvnode - plain command line', () => {
  test('what it accepts means the same to yargs', async () => {
    const flags = ['port', 'zk', 'join', 'max-memory', 'log-format'];
    const parts = flags.flatMap((flag) => [
      ...forms.map((words) => [`--${flag}`, ...words]),
      ...inWord.map((value) => [`--${flag}${value}`]),
    ]);
    let accepted = 0;
    for (const args of parts.flatMap((part) => [part, [...part, '--join'], ['--root', '/x', ...part]])) {
      const plain = await outcomeOf(() => parsePlainNodeCommandLine(args));
      if (plain === undefined) continue;
      accepted += 1;
      const full = await outcomeOf(async () => (await parseNodeCommandLine(args)).given);
      expect({ args, outcome: plain }).toEqual({ args, outcome: full });
    }
    expect(accepted).toBeGreaterThan(50);
  });

  test('every option needs no yargs', () => {
    for (const name of optionNames)
      expect(
        parsePlainNodeCommandLine(optionSpecs[name].type === 'flag' ? [`--${flagOf(name)}`] : [`--${flagOf(name)}`, '5']),
      ).toHaveProperty(name);
  });

  test.each([[['x']], [['--help']], [['--config', 'f']], [['--nope', '5']], [['--port']], [['--port', '1', '--port', '2']]])(
    '%j is for yargs',
    (args) => expect(parsePlainNodeCommandLine(args)).toBeUndefined(),
  );
});
