import { KvError } from '../../../errors.js';
import { type Command, type CommandContext, expectOperands, refuseReplacedBytes } from '../command.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';
import { type GatheredCluster, gatherCluster } from '../status/gather.js';
import { planForce } from './force-plan.js';
import { parseShards } from './named-shards.js';

const acceptFlag = 'accept-data-loss';

export const forcePrimaryCommand: Command = {
  name: 'shard force-primary',
  operands: 'SHARD[,SHARD...] | --all',
  summary: 'Resume offline shards with a live copy, after showing a plan. Acknowledged writes may be lost',
  isWrite: true,
  options: {
    all: { type: 'boolean', describe: 'Every shard that is offline, or has more than one history' },
    history: {
      type: 'string',
      requiresArg: true,
      describe:
        'If replicas hold more than one history: the history to keep, as its id, history:epoch_id, or the beginning of either; for several shards separated by commas',
    },
    [acceptFlag]: {
      type: 'boolean',
      describe: 'Execute the plan: give up what it lists as lost. You vouch that nodes listed as gone are stopped for good',
    },
  },
  async run({ connect, operands, options, call, output }): Promise<ExitCode> {
    const shards = namedShards(operands, options);
    const ids = historyIds(options);
    const client = await connect();
    const view = await gatherCluster(client, call, output);
    refuseSilentNodes(view);
    const plan = planForce(view, shards, ids);
    const { plans, problems } = plan;
    const [problem] = problems;
    if (problem !== undefined && shards !== 'all' && shards.length === 1) throw problem.error;
    if (plans.length + problems.length === 0) {
      output.result('No shard is offline, and none has more than one history: nothing to do.', {
        executed: false,
        shards: [],
      });
      return exitCodes.ok;
    }
    if (options[acceptFlag] === true) {
      const { executePlan } = await import('./execute-plan.js');
      return executePlan(client, plan, call, output);
    }
    const { planToJson, renderPlan } = await import('./force-report.js');
    output.result(renderPlan(plan), { executed: false, ...planToJson(plan) });
    output.remark(`\n${howToGoOn(plans.length)}`);
    return exitCodes.failed;
  },
};

function howToGoOn(count: number): string {
  if (count === 0) return 'Nothing was changed.';
  return (
    'Nothing was changed. A process that is gone from ZooKeeper may still run (frozen, cut off): bring it back with its data, or make ' +
    `sure that it is stopped for good. To execute the plan, add --${acceptFlag} to the command.`
  );
}

function namedShards(operands: readonly string[], options: CommandContext['options']): readonly number[] | 'all' {
  expectOperands(forcePrimaryCommand, operands, 0, 1);
  const [named] = operands;
  if (named !== undefined && options.all === true)
    throw new KvError('INVALID_OPTION', 'SHARD and --all exclude each other: give one of them');
  if (options.all === true) return 'all';
  if (named === undefined) throw new KvError('INVALID_OPTION', 'name a SHARD, several as in 0,4-7, or give --all');
  return parseShards(named);
}

function historyIds({ history }: CommandContext['options']): string[] {
  if (history === undefined) return [];
  refuseReplacedBytes('--history', String(history));
  const ids = String(history)
    .split(',')
    .map((id) => id.trim());
  if (ids.includes('')) throw new KvError('INVALID_OPTION', '--history: an id is empty');
  return ids;
}

/** A node that is registered but does not answer may hold more data than any node that answered. */
function refuseSilentNodes({ answers }: GatheredCluster): void {
  const silent = answers.filter(({ status }) => status === undefined);
  if (silent.length === 0) return;
  const names = silent.map(({ node, problem }) => `${node.id} (${problem})`).join(', ');
  throw new KvError(
    'UNREACHABLE',
    `registered but without an answer: ${names}. Such a node may hold more data than the others: stop it for good, wait until its ZooKeeper session has ended, and try again`,
  );
}
