import { describeShards } from '../../../topology/shard-ranges.js';
import type { CheckStopResponse } from '../../../wire/contract/kv-api.js';
import { type Command, expectOperands } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { findNodeId } from './find-node-id.js';

export const canStopCommand: Command = {
  name: 'can-stop',
  operands: 'NODE',
  summary: 'Tell whether every shard keeps enough in-sync copies if the node is taken down now; the exit code is 10 if not',
  details: 'The answer is about this moment and this one node: check again before you stop another node.',
  isWrite: false,
  options: {},
  async run({ connect, operands, call, output }) {
    expectOperands(canStopCommand, operands, 1);
    const client = await connect();
    const nodeId = await findNodeId(client, operands[0]!, call);
    const found = await client.checkStop(nodeId, call);
    const canStop = found.shards.length === 0;
    output.result(renderStopCheck(nodeId, found), { nodeId, canStop, ...found });
    return canStop ? exitCodes.ok : exitCodes.cannotStop;
  },
};

export function renderStopCheck(nodeId: string, { shards, silentNodeIds }: CheckStopResponse): string {
  const lines = [];
  if (shards.length === 0) lines.push(`node ${nodeId} can be taken down: every shard keeps enough in-sync copies`);
  else lines.push(`node ${nodeId} must stay: without it these shards would have too few in-sync copies`);
  for (const copies of new Set(shards.map(copiesOf))) {
    const alike = shards.filter((one) => copiesOf(one) === copies).map(({ shard }) => shard);
    lines.push(`  ${describeShards(alike)}: ${copies}`);
  }
  if (silentNodeIds.length > 0) lines.push(`without an answer, so their copies do not count: ${silentNodeIds.join(', ')}`);
  return lines.join('\n');
}

function copiesOf({ copiesLeft, copiesNeeded }: CheckStopResponse['shards'][number]): string {
  return `${copiesLeft} left, ${copiesNeeded} needed`;
}
