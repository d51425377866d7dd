import { type Command, expectOperands, parseWholeNumber } from '../command.js';
import { splice, spliceOptions } from './splice.js';

export const setrangeCommand: Command = {
  name: 'setrange',
  operands: 'KEY OFFSET VALUE | KEY OFFSET @FILE | KEY OFFSET -',
  summary: 'Overwrite bytes of a value from an offset on, and print the length of the whole',
  isWrite: true,
  options: spliceOptions,
  async run(context) {
    expectOperands(setrangeCommand, context.operands, 2, 3);
    const offset = parseWholeNumber('OFFSET', context.operands[1]!, 0);
    return await splice(context, 2, (client, key, value, settings) => client.setRange(key, offset, value, settings));
  },
};
