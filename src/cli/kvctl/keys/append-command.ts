import { type Command, expectOperands } from '../command.js';
import { splice, spliceOptions } from './splice.js';

export const appendCommand: Command = {
  name: 'append',
  operands: 'KEY VALUE | KEY @FILE | KEY -',
  summary: 'Write a value behind that of a key, and print the length of the whole',
  isWrite: true,
  options: spliceOptions,
  async run(context) {
    expectOperands(appendCommand, context.operands, 1, 2);
    return await splice(context, 1, (client, key, value, settings) => client.append(key, value, settings));
  },
};
