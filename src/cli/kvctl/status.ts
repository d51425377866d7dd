import { type Command, expectOperands } from './command.js';
import { exitCodes } from './exit-codes.js';
import { gatherCluster } from './gather.js';
import { renderStatus, toJson } from './status-report.js';

export const statusCommand: Command = {
  name: 'status',
  operands: '',
  summary: 'Show nodes, shards, replicas and warnings',
  isWrite: false,
  options: {},
  async run({ connect, operands, deadlineMs, output }) {
    expectOperands(statusCommand, operands, 0);
    const view = await gatherCluster(await connect(), deadlineMs);
    output.result(renderStatus(view), toJson(view));
    return exitCodes.ok;
  },
};
