import { type Command, expectOperands, keyOperand } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { reportWait } from '../waiting.js';
import { expiryOf, expiryOptions } from './expiry-options.js';
import { syncOf, syncOption } from './sync-option.js';

export const incrementCommand: Command = {
  name: 'increment',
  operands: 'KEY',
  summary: 'Add to the number under a key, and print the sum',
  isWrite: true,
  options: {
    by: { type: 'string', requiresArg: true, describe: 'What to add, such as 5, 0.1, or --by=-1', defaultDescription: '1' },
    initial: { type: 'string', requiresArg: true, describe: 'What a missing key counts as', defaultDescription: '0' },
    min: { type: 'string', requiresArg: true, describe: 'Refuse a sum below this' },
    max: { type: 'string', requiresArg: true, describe: 'Refuse a sum above this' },
    ...expiryOptions,
    ...syncOption,
  },
  async run({ connect, operands, options, call, output }) {
    expectOperands(incrementCommand, operands, 1);
    const key = keyOperand(operands);
    const named = ['by', 'initial', 'min', 'max'].filter((name) => options[name] !== undefined);
    const settings = Object.fromEntries(named.map((name) => [name, String(options[name])]));
    const expiry = expiryOf(options);
    const client = await connect();
    const increment = () => client.increment(key, { ...settings, ...expiry, ...syncOf(options), ...call });
    const { value, version, nodeId } = await reportWait(client, [key], output, increment);
    output.result(`${value} at version ${version} (by ${nodeId})`, { key, value, version, nodeId });
    return exitCodes.ok;
  },
};
