import { type Command, expectOperands, keyOperand } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { reportWait } from '../waiting.js';
import { syncOf, syncOption } from './sync-option.js';

export const persistCommand: Command = {
  name: 'persist',
  operands: 'KEY',
  summary: 'Take the TTL of a key away, and leave its value as it is',
  isWrite: true,
  options: syncOption,
  async run({ connect, operands, options, call, output }) {
    expectOperands(persistCommand, operands, 1);
    const key = keyOperand(operands);
    const client = await connect();
    const persist = () => client.persist(key, { ...syncOf(options), ...call });
    const { found, hadTtl, version, nodeId } = await reportWait(client, [key], output, persist);
    const done = hadTtl ? `does not expire any more, at version ${version}` : 'had no TTL, and was not written';
    output.result(`${found ? done : 'the key does not exist'} (by ${nodeId})`, { key, found, hadTtl, version, nodeId });
    return found ? exitCodes.ok : exitCodes.notFound;
  },
};
