/** Compares what the copies of each shard hold, while writes go on. */
import { setTimeout as pause } from 'node:timers/promises';
import type { KvClient } from '../../../client/index.js';
import { KvError } from '../../../errors.js';
import { describeError } from '../../explain.js';
import { type Command, type CommandContext, expectOperands, wholeNumber } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { parseShards } from '../force/named-shards.js';
import { type GatheredCluster, gatherCluster } from '../status/gather.js';
import { TransferProgress } from '../transfer/transfer-progress.js';
import { checkToJson, differencesIn, renderCheck, type ShardOutcome } from './check-report.js';
import { type CheckedShard, checkShard, defaultLimits } from './check-shard.js';
import { ReplicaCopy } from './replica-copy.js';

/** A small part of what a node can read, so that it goes on serving. */
const defaultRateBytes = 4_000_000;
/** How often the check of a shard begins: its primary may be replaced, or a copy. */
const maxAttempts = 5;
const betweenAttemptsMs = 500;

export const stateCheckCommand: Command = {
  name: 'state check',
  operands: '[SHARDS]',
  summary: 'Compare the copies of each shard with one another and with the log, while writes go on',
  details:
    'SHARDS is a list such as 0,4-7; by default all. One shard is checked at a time, and all its copies at once. A difference that a write ' +
    'under way explains is not reported. The exit code is 9 if copies differ, and 1 if a shard could not be checked, or a copy of one. ' +
    '--deadline-ms limits each wait for a node.',
  isWrite: false,
  options: {
    rate: {
      type: 'string',
      requiresArg: true,
      describe: `Bytes a second that each copy is read at. Default: ${defaultRateBytes}`,
    },
  },
  async run({ connect, operands, options, call, output }) {
    expectOperands(stateCheckCommand, operands, 0, 1);
    const maxBytesPerSecond = wholeNumber(options, 'rate', 1) ?? defaultRateBytes;
    const wanted = operands.length === 0 ? undefined : parseShards(operands[0]!);
    const client = await connect();
    const cluster = await gatherCluster(client, call, output);
    const all = cluster.topology.shards.map(({ shard }) => shard);
    const unknown = wanted?.find((shard) => !all.includes(shard));
    if (unknown !== undefined) throw new KvError('INVALID_OPTION', `there is no shard ${unknown}`);
    const shards = wanted ?? all;
    const progress = new TransferProgress('checked', keysIn(cluster, shards), output);
    const outcomes: ShardOutcome[] = [];
    try {
      for (const shard of shards) outcomes.push(await checkOne(client, shard, { call, output, maxBytesPerSecond, progress }));
    } finally {
      progress.close();
    }
    output.result(renderCheck(outcomes), checkToJson(outcomes));
    if (outcomes.some((outcome) => differencesIn(outcome) > 0)) return exitCodes.copiesDiffer;
    const isWhole = outcomes.every(({ checked, left }) => checked !== undefined && left.length === 0);
    return isWhole ? exitCodes.ok : exitCodes.failed;
  },
};

interface CheckParts extends Pick<CommandContext, 'call' | 'output'> {
  readonly maxBytesPerSecond: number;
  readonly progress: TransferProgress;
}

/** A copy that is replaced meanwhile, or a node that ends, makes the check of the shard begin again. */
async function checkOne(client: KvClient, shard: number, parts: CheckParts): Promise<ShardOutcome> {
  const { call, output } = parts;
  for (let attempt = 1; ; attempt++) {
    const { nodes, left, copies } = copiesOf(await gatherCluster(client, call), client, shard, call);
    try {
      if (copies.length === 0) throw new KvError('NO_PRIMARY', 'no primary serves it');
      return { shard, nodes, left, checked: await checkCopies(copies, parts) };
    } catch (error) {
      if (!(error instanceof KvError) || error.code === 'CANCELLED' || error.code === 'CLOSED') throw error;
      if (attempt === maxAttempts) return { shard, nodes, left, checked: undefined, problem: describeError(error) };
      output.remark(`the check of shard ${shard} begins again: ${describeError(error)}`);
    }
    await pause(betweenAttemptsMs * attempt, undefined, { signal: call.signal });
  }
}

async function checkCopies(copies: readonly ReplicaCopy[], { maxBytesPerSecond, progress }: CheckParts): Promise<CheckedShard> {
  const checked = await checkShard(copies, { ...defaultLimits, maxBytesPerSecond }, (bytes) => progress.add(0, bytes));
  progress.add(checked.keys, 0);
  return checked;
}

/** The complete copies of the shard, that of the serving primary first. Empty: there is no such primary. */
function copiesOf({ answers, topology }: GatheredCluster, client: KvClient, shard: number, call: CommandContext['call']) {
  const held = answers.flatMap(({ node, status }) => {
    // A database that gives no answer would make the check of every shard wait.
    const replicas = status?.stateImpaired ? [] : status?.replicas;
    const replica = replicas?.find((each) => each.shard === shard && each.complete);
    return replica === undefined ? [] : [{ node, isPrimary: replica.role === 'primary' && replica.serving }];
  });
  const { placedNodeIds = [], replicas = [] } = topology.shards.find((each) => each.shard === shard) ?? {};
  const holders = new Set([...placedNodeIds, ...replicas.map(({ nodeId }) => nodeId).filter((id) => id !== '')]);
  const left = [...holders].filter((id) => !held.some(({ node }) => node.id === id));
  if (!held.some(({ isPrimary }) => isPrimary)) return { nodes: held.map(({ node }) => node.id), left, copies: [] };
  const ordered = held.toSorted((one, other) => Number(other.isPrimary) - Number(one.isPrimary));
  return {
    nodes: ordered.map(({ node }) => node.id),
    left,
    copies: ordered.map(({ node }) => new ReplicaCopy(client, { shard, nodeId: node.id, address: node.address }, call)),
  };
}

function keysIn({ answers }: GatheredCluster, shards: readonly number[]): number {
  const primaries = answers.flatMap(({ status }) => status?.replicas ?? []).filter(({ role }) => role === 'primary');
  return primaries.filter(({ shard }) => shards.includes(shard)).reduce((sum, { keys }) => sum + keys, 0);
}
