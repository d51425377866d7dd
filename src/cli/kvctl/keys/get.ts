import { jsonValue } from '../../../wire/json/json-value.js';
import { type Command, expectOperands, keyOperand } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { expiryText } from './expiry-options.js';
import { readKey } from './read-key.js';
import { rawOption } from './replaced-report.js';

export const getCommand: Command = {
  name: 'get',
  operands: 'KEY',
  summary: 'Print the value of a key; its version and the node that answered go to stderr',
  isWrite: false,
  options: {
    raw: rawOption,
  },
  async run({ connect, operands, options, call, output }) {
    expectOperands(getCommand, operands, 1);
    const key = keyOperand(operands);
    const client = await connect();
    const read = await readKey(client, key, call, output);
    if (read === undefined) return exitCodes.notFound;
    const { found, nodeId } = read;
    const { value, version, expiresInMs } = found;
    if (options.raw === true) {
      output.rawValue(value);
      return exitCodes.ok;
    }
    output.value('', value, { key, found: true, ...jsonValue(value), version, expiresInMs, nodeId });
    const expires = expiresInMs === undefined ? '' : `, ${expiryText(expiresInMs)}`;
    output.remark(`version ${version} (by ${nodeId})${expires}`);
    return exitCodes.ok;
  },
};
