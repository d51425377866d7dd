import { type Command, expectOperands } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { findNodeId } from './find-node-id.js';

export const undrainCommand: Command = {
  name: 'undrain',
  operands: 'NODE',
  summary: 'Take a drain back, at any time: the node gets its share of the shards again',
  isWrite: true,
  options: {},
  async run({ connect, operands, call, output }) {
    expectOperands(undrainCommand, operands, 1);
    const client = await connect();
    const nodeId = await findNodeId(client, operands[0]!, call);
    await client.undrainNode(nodeId, call);
    output.result(`node ${nodeId} is not drained any more`, { nodeId, draining: false });
    return exitCodes.ok;
  },
};
