import { type Command, expectOperands, keyOperand } from './command.js';
import { exitCodes } from './exit-codes.js';
import { jsonValue } from './output.js';

export const getCommand: Command = {
  name: 'get',
  operands: 'KEY',
  summary: 'Print the value of a key',
  isWrite: false,
  options: {
    raw: { type: 'boolean', describe: 'Without a newline behind the value', conflicts: 'json' },
  },
  async run({ connect, operands, options, deadlineMs, output }) {
    expectOperands(getCommand, operands, 1);
    const key = keyOperand(operands);
    const client = await connect();
    const found = await client.get(key, { deadlineMs });
    if (found === undefined) {
      output.note('the key does not exist');
      output.noResult({ key, found: false });
      return exitCodes.notFound;
    }
    const { value, version, nodeId } = found;
    if (options.raw === true) output.rawValue(value);
    else output.value(value, { key, found: true, ...jsonValue(value), version, nodeId });
    return exitCodes.ok;
  },
};
