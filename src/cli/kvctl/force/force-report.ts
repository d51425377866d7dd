/** Formats the plan of `kvctl shard force-primary` as text and as JSON. Pure. */

import { describeShards } from '../../../topology/shard-ranges.js';
import { plainTable } from '../tables.js';
import { holdsData } from './choose-replica.js';
import type { ForcePlan, ShardPlan, ShardProblem } from './force-plan.js';
import type { OfflineCause } from './offline-cause.js';
import type { ShardHistory } from './shard-histories.js';

/** The longest table of shards. Further shards are only counted. */
const maxRows = 40;

const causes: Readonly<Record<OfflineCause, string>> = {
  'two-histories': 'replicas hold, or ZooKeeper names, more than one history',
  'state-lost': 'ZooKeeper has lost the state',
  'state-went-back': 'ZooKeeper shows an older state than replicas know',
  'replicas-gone': 'no in-sync replica is live',
};

const extents = ['everything', 'possible', 'nothing'] as const;

/** Groups with the greatest loss come first. */
export function renderPlan({ plans, problems }: ForcePlan): string {
  const groups = groupsOf(plans);
  const parts = groups.flatMap((group) => {
    const [{ cause, loss }] = group;
    return [`${describeShards(group.map(({ shard }) => shard))}: ${causes[cause]}. ${loss.text}`, planTable(group)];
  });
  return [...parts, ...problems.map(renderProblem)].join('\n\n');
}

function renderProblem({ shard, error }: ShardProblem): string {
  return `shard ${shard} cannot be forced: ${error.message}`;
}

/** Groups shards that have the same cause and the same loss. */
export function groupsOf(plans: readonly ShardPlan[]): [ShardPlan, ...ShardPlan[]][] {
  const groups = new Map<string, [ShardPlan, ...ShardPlan[]]>();
  for (const plan of plans) {
    const key = `${plan.cause} ${plan.loss.text}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [plan]);
    else group.push(plan);
  }
  const rank = ([{ loss }]: [ShardPlan, ...ShardPlan[]]): number => extents.indexOf(loss.extent);
  return [...groups.values()].sort((one, other) => rank(one) - rank(other));
}

function planTable(plans: readonly ShardPlan[]): string {
  const table = plainTable(['shard', 'primary', 'history kept', 'epoch', 'last seq', 'keys']);
  for (const { shard, chosen, history } of plans.slice(0, maxRows)) {
    const { node, replica } = chosen;
    const copy = holdsData(chosen) ? [replica.held?.epoch ?? '-', replica.lastSeq, replica.keys] : ['-', '-', 'none: empty'];
    table.push([shard, node.id, history?.id ?? 'a new one', ...copy]);
  }
  const left = plans.length - maxRows;
  return left > 0 ? `${table.toString()}\nand ${left} more; --json lists every shard` : table.toString();
}

export function planToJson({ plans, problems }: ForcePlan): { shards: object[] } {
  return { shards: [...plans.map(shardToJson), ...problems.map(problemToJson)] };
}

export function shardToJson({ shard, cause, chosen, history, others, givesUp, loss }: ShardPlan): object {
  const { node, replica } = chosen;
  const { replicaId, held, lastEpoch, lastSeq, keys } = replica;
  return {
    shard,
    cause,
    lost: loss.extent,
    loss: loss.text,
    primary: { nodeId: node.id, address: node.address, replicaId, held: held ?? null, lastEpoch, lastSeq, keys },
    histories: [...(history === undefined ? [] : [history]), ...others].map(historyToJson),
    kept: history?.id ?? null,
    givesUp,
  };
}

export function problemToJson({ shard, histories, error }: ShardProblem): object {
  const { code, executed, message } = error;
  return { shard, histories: histories.map(historyToJson), error: { code, executed, message } };
}

export function historyToJson({ id, history, epoch, epochIds, holders, primary }: ShardHistory): object {
  return {
    id,
    history,
    epoch,
    epochIds,
    primaryNodeId: primary?.node.id ?? null,
    holders: holders.map(({ node, replica: { replicaId, held, lastEpoch, lastSeq, keys } }) => ({
      nodeId: node.id,
      replicaId,
      epoch: held?.epoch,
      epochId: held?.epochId,
      lastEpoch,
      lastSeq,
      keys,
    })),
  };
}
