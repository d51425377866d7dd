import { type Command, expectOperands } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { findNodeId } from './find-node-id.js';

export const drainCommand: Command = {
  name: 'drain',
  operands: 'NODE',
  summary: 'Move all shards of a node to other nodes. The node keeps running, and gets no shards until undrain',
  details:
    'The mark is kept in ZooKeeper, so it outlives a restart of the node. No call fails. Refused where too few other nodes are left ' +
    'for all copies. docs/operations.md describes how a node is taken out for maintenance, or for good.',
  isWrite: true,
  options: { wait: { type: 'boolean', describe: 'Show what remains, until the node holds nothing. Ctrl-C ends only the wait' } },
  async run({ connect, operands, options, call, output }) {
    expectOperands(drainCommand, operands, 1);
    const client = await connect();
    const nodeId = await findNodeId(client, operands[0]!, call);
    const { shardCount } = await client.drainNode(nodeId, call);
    if (options.wait === true) {
      const { waitUntilDrained } = await import('./wait-until-drained.js');
      return waitUntilDrained({ client, nodeId, call, output });
    }
    const what = shardCount === 0 ? 'it holds no shards' : `its ${shardCount} shards move to other nodes`;
    output.result(`node ${nodeId} drains: ${what}`, { nodeId, draining: true, shardCount });
    if (shardCount > 0) output.remark(`"kvctl drain ${nodeId} --wait" shows what remains`);
    return exitCodes.ok;
  },
};
