import { type Command, expectOperands, keyOperand } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { expiryText } from './expiry-options.js';
import { readKey } from './read-key.js';

export const ttlCommand: Command = {
  name: 'ttl',
  operands: 'KEY',
  summary: 'Show how long a key still exists if nothing writes it',
  isWrite: false,
  options: {},
  async run({ connect, operands, call, output }) {
    expectOperands(ttlCommand, operands, 1);
    const key = keyOperand(operands);
    const client = await connect();
    const read = await readKey(client, key, call, output);
    if (read === undefined) return exitCodes.notFound;
    const { found, nodeId } = read;
    const { version, expiresInMs } = found;
    output.result(`${expiryText(expiresInMs)} (by ${nodeId})`, { key, found: true, expiresInMs, version, nodeId });
    return exitCodes.ok;
  },
};
