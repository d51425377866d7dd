import { KvError } from '../../errors.js';
import { type Command, expectOperands, ifVersionOption, keyOperand, wholeNumber } from './command.js';
import { exitCodes } from './exit-codes.js';
import { readValue } from './read-value.js';

export const putCommand: Command = {
  name: 'put',
  operands: 'KEY VALUE | KEY @FILE | KEY -',
  summary: 'Store a value: as typed, from a file, or from stdin (-)',
  isWrite: true,
  options: {
    value: { type: 'string', requiresArg: true, describe: 'The value, where it begins with @ or - (--value=-1)' },
    'if-version': ifVersionOption,
    'if-absent': { type: 'boolean', describe: 'Only if the key does not exist' },
  },
  async run({ connect, operands, options, deadlineMs, output }) {
    expectOperands(putCommand, operands, 1, 2);
    const key = keyOperand(operands);
    const ifVersion = wholeNumber(options, 'if-version', 1);
    const ifAbsent = options['if-absent'] === true;
    if (ifAbsent && ifVersion !== undefined)
      throw new KvError('INVALID_OPTION', '--if-absent and --if-version exclude each other');
    const value = await readValue(operands[1], options.value as string | undefined);
    const condition = ifAbsent ? { ifVersion: 0 } : ifVersion === undefined ? {} : { ifVersion };
    const client = await connect();
    const { version, nodeId } = await client.put(key, value, { ...condition, deadlineMs });
    output.result(`stored at version ${version} (by ${nodeId})`, { key, version, nodeId });
    return exitCodes.ok;
  },
};
