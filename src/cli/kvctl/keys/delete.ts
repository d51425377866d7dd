import {
  type Command,
  expectOperands,
  ifValueOption,
  ifVersionOption,
  keyOperand,
  valueConditionOf,
  wholeNumber,
} from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { reportWait } from '../waiting.js';
import { syncOf, syncOption } from './sync-option.js';

export const deleteCommand: Command = {
  name: 'delete',
  operands: 'KEY',
  summary: 'Remove a key',
  isWrite: true,
  options: { 'if-version': ifVersionOption, 'if-value': ifValueOption, ...syncOption },
  async run({ connect, operands, options, call, output }) {
    expectOperands(deleteCommand, operands, 1);
    const key = keyOperand(operands);
    const ifVersion = wholeNumber(options, 'if-version', 1);
    const condition = ifVersion === undefined ? {} : { ifVersion };
    const ifValue = valueConditionOf(options);
    const client = await connect();
    const remove = () => client.delete(key, { ...condition, ...ifValue, ...syncOf(options), ...call });
    const { existed, version, nodeId } = await reportWait(client, [key], output, remove);
    const text = existed ? `deleted at version ${version} (by ${nodeId})` : `the key did not exist (by ${nodeId})`;
    output.result(text, { key, existed, version, nodeId });
    return existed ? exitCodes.ok : exitCodes.notFound;
  },
};
