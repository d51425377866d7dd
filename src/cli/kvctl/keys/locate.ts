import { type Command, expectOperands, keyOperand } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { reportWait } from '../waiting.js';

export const locateCommand: Command = {
  name: 'locate',
  operands: 'KEY',
  summary: 'Show the slot and shard of a key, and the nodes that hold it, primary first',
  isWrite: false,
  options: {},
  async run({ connect, operands, call, output }) {
    expectOperands(locateCommand, operands, 1);
    const key = keyOperand(operands);
    const client = await connect();
    const location = await reportWait(client, [key], output, () => client.locate(key, call));
    const { renderLocation } = await import('./location-report.js');
    output.result(renderLocation(location, client.knownTopology?.shards.length), { key, ...location });
    return exitCodes.ok;
  },
};
