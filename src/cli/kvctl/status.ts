import { type Command, expectOperands } from './command.js';
import { exitCodes } from './exit-codes.js';
import { gatherCluster } from './gather.js';
import { renderStatus, toJson } from './status-report.js';

export const statusCommand: Command = {
  name: 'status',
  operands: '',
  summary: 'Show nodes, the shards that need attention, and warnings',
  isWrite: false,
  options: { all: { type: 'boolean', describe: 'Every shard and replica, also where nothing is amiss' } },
  async run({ connect, operands, options, deadlineMs, output }) {
    expectOperands(statusCommand, operands, 0);
    const view = await gatherCluster(await connect(), deadlineMs);
    output.result(renderStatus(view, options.all === true), toJson(view));
    return exitCodes.ok;
  },
};
