/**
 * The warnings of `kvctl status` about shards that need an operator: one line for all shards in the same case, with
 * the command that helps. Pure.
 */

import { describeShards } from '../../../topology/shard-ranges.js';
import { type ForcePlan, planForce, type ShardPlan, type ShardProblem } from '../force/force-plan.js';
import { groupsOf } from '../force/force-report.js';
import { shardsOperand } from '../force/named-shards.js';
import { describeHistory } from '../force/shard-histories.js';
import type { GatheredCluster } from './gather.js';

/** The most shards with more than one history that get a line of their own. Further ones are only counted. */
const maxDivided = 5;

const reasons = {
  'two-histories': 'because replicas hold data of different histories',
  'state-lost': 'because ZooKeeper lost its data',
  'state-went-back': 'because ZooKeeper shows an older state than replicas know, as after a restored backup',
  'replicas-gone': 'because no in-sync replica is live',
} as const;

export function offlineWarnings(view: GatheredCluster): string[] {
  const plan = planForce(view, 'all');
  const isSilent = view.answers.some(({ status }) => status === undefined);
  const isOnDisk = view.answers.some(({ status }) => (status?.durability || 'memory') !== 'memory');
  return [
    ...groupsOf(plan.plans).map((group) => offlineWarning(group, plan, isSilent, isOnDisk)),
    ...problemWarnings(plan.problems),
  ];
}

function offlineWarning(
  group: readonly [ShardPlan, ...ShardPlan[]],
  { plans }: ForcePlan,
  isSilent: boolean,
  isOnDisk: boolean,
): string {
  const [{ cause, loss }] = group;
  const shards = group.map(({ shard }) => shard);
  const command = `kvctl shard force-primary ${group.length === plans.length ? '--all' : shardsOperand(shards)}`;
  const offline = `${describeShards(shards)} ${shards.length === 1 ? 'is' : 'are'} offline ${reasons[cause]}`;
  if (loss.extent === 'nothing') return `${offline}. ${loss.text} Resume ${shards.length === 1 ? 'it' : 'them'} with: ${command}`;
  const first = loss.mayReturn || isSilent ? ` ${isOnDisk ? startAgain : bringBack}` : '';
  return `${offline}. Without further copies: ${lowerFirst(loss.text)}${first} To see the plan: ${command}`;
}

const bringBack = 'First bring back a process that still runs with the data (frozen, cut off); a restarted process has lost it.';
const startAgain = 'Start these nodes again: they have the data on their disks. The shards continue by themselves.';

function problemWarnings(problems: readonly ShardProblem[]): string[] {
  const divided = problems.filter(({ histories }) => histories.length > 1);
  const lines = divided.slice(0, maxDivided).map(({ shard, histories }) => {
    const listed = histories.map(describeHistory).join('; ');
    return `shard ${shard} has ${histories.length} histories; choose the one to keep with: kvctl shard force-primary ${shard} --history ID: ${listed}`;
  });
  const left = divided.length - lines.length;
  if (left > 0) lines.push(`${left} more shards have more than one history; all are listed by: kvctl shard force-primary --all`);
  const others = problems.filter(({ histories }) => histories.length < 2);
  return [...lines, ...others.map(({ shard, error }) => `shard ${shard} is offline: ${error.message}`)];
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
