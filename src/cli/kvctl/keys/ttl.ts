import { type Command, expectOperands, keyOperand } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { reportWait } from '../waiting.js';
import { expiryText } from './expiry-options.js';

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
    const [outcome] = await reportWait(client, [key], output, () => client.mgetSettled([key], call));
    if (outcome?.ok !== true) throw outcome?.error;
    const { found, nodeId } = outcome;
    if (found === undefined) {
      output.remark(`the key does not exist (by ${nodeId})`);
      output.noResult({ key, found: false, nodeId });
      return exitCodes.notFound;
    }
    const { version, expiresInMs } = found;
    output.result(`${expiryText(expiresInMs)} (by ${nodeId})`, { key, found: true, expiresInMs, version, nodeId });
    return exitCodes.ok;
  },
};
