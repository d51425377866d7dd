import { type Command, expectOperands } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { gatherCluster } from './gather.js';

export const nodesCommand: Command = {
  name: 'nodes',
  operands: '',
  summary: 'Show what each node holds: shards, keys, bytes',
  isWrite: false,
  options: {},
  async run({ connect, operands, call, output }) {
    expectOperands(nodesCommand, operands, 0);
    const { nodesToJson, renderNodes } = await import('./node-report.js');
    const view = await gatherCluster(await connect(), call, output);
    output.result(renderNodes(view), nodesToJson(view));
    return exitCodes.ok;
  },
};
