import { type Command, expectOperands, ifVersionOption, keyOperand, wholeNumber } from './command.js';
import { exitCodes } from './exit-codes.js';

export const deleteCommand: Command = {
  name: 'delete',
  operands: 'KEY',
  summary: 'Remove a key',
  isWrite: true,
  options: { 'if-version': ifVersionOption },
  async run({ connect, operands, options, deadlineMs, output }) {
    expectOperands(deleteCommand, operands, 1);
    const key = keyOperand(operands);
    const ifVersion = wholeNumber(options, 'if-version', 1);
    const client = await connect();
    const { existed, version, nodeId } = await client.delete(key, {
      ...(ifVersion === undefined ? {} : { ifVersion }),
      deadlineMs,
    });
    const text = existed ? `deleted at version ${version} (by ${nodeId})` : 'there was nothing to delete';
    output.result(text, { key, existed, version, nodeId });
    return existed ? exitCodes.ok : exitCodes.notFound;
  },
};
