/** Executes a plan shard by shard, reports each shard, and returns an exit code for the whole. */
import type { CallOptions, KvClient } from '../../../client/index.js';
import { KvError } from '../../../errors.js';
import { describeError } from '../../explain.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';
import type { Output } from '../output.js';
import type { ForcePlan, ShardPlan } from './force-plan.js';
import { problemToJson, renderPlan, shardToJson } from './force-report.js';

/** Limits the calls in flight: each is a compare-and-set in ZooKeeper. */
const maxUnderWay = 8;

type Outcome =
  | { readonly plan: ShardPlan; readonly forced: true; readonly epoch: number; readonly seqFloor: number }
  | { readonly plan: ShardPlan; readonly forced: false; readonly error: unknown };

/** @returns 0 if every shard was forced, 6 if some were, 1 if none was, 3 if no outcome is known. */
export async function executePlan(
  client: Pick<KvClient, 'forcePrimary'>,
  plan: ForcePlan,
  call: CallOptions,
  output: Output,
): Promise<ExitCode> {
  const { plans, problems } = plan;
  output.remark(`${renderPlan(plan)}\n`);
  const outcomes: Outcome[] = [];
  const queue = plans.values();
  const work = async (): Promise<void> => {
    for (const next of queue) {
      const outcome = await force(client, next, call);
      outcomes.push(outcome);
      if (!output.isJson) output.result(renderOutcome(outcome), {});
    }
  };
  await Promise.all(Array.from({ length: Math.min(maxUnderWay, plans.length) }, work));
  output.noResult({
    executed: true,
    shards: [...outcomes.map(outcomeToJson), ...problems.map((problem) => ({ ...problemToJson(problem), forced: false }))],
  });
  const [failure] = outcomes.flatMap((outcome) => (outcome.forced ? [] : [outcome.error]));
  // With one shard, the error is the whole report: it has the consequence for the data, and advice.
  if (failure !== undefined && plans.length + problems.length === 1) throw failure;
  summarize(outcomes, plan, output);
  return exitCodeOfOutcomes(outcomes, plan);
}

async function force(client: Pick<KvClient, 'forcePrimary'>, plan: ShardPlan, call: CallOptions): Promise<Outcome> {
  const { shard, chosen, givesUp } = plan;
  try {
    const { epoch, seqFloor } = await client.forcePrimary(chosen.node.address, { shard, acceptDataLoss: true, givesUp, ...call });
    return { plan, forced: true, epoch, seqFloor };
  } catch (error) {
    return { plan, forced: false, error };
  }
}

function exitCodeOfOutcomes(outcomes: readonly Outcome[], { problems }: ForcePlan): ExitCode {
  const forced = outcomes.filter((outcome) => outcome.forced);
  if (forced.length === outcomes.length && problems.length === 0) return exitCodes.ok;
  if (forced.length > 0) return exitCodes.partlyDone;
  return outcomes.some(isUnknown) ? exitCodes.outcomeUnknown : exitCodes.failed;
}

function isUnknown(outcome: Outcome): boolean {
  return !outcome.forced && !(outcome.error instanceof KvError && outcome.error.executed === 'no');
}

function renderOutcome(outcome: Outcome): string {
  const { plan } = outcome;
  if (!outcome.forced) {
    const doubt = isUnknown(outcome) ? '; it is not known whether it was' : '';
    return `shard ${plan.shard} was not forced${doubt}: ${describeError(outcome.error)}`;
  }
  const { epoch, seqFloor } = outcome;
  return `node ${plan.chosen.node.id} is primary of shard ${plan.shard} in epoch ${epoch}; new versions begin at ${seqFloor}`;
}

function outcomeToJson(outcome: Outcome): object {
  const planned = shardToJson(outcome.plan);
  if (outcome.forced) return { ...planned, forced: true, epoch: outcome.epoch, seqFloor: outcome.seqFloor };
  const { error } = outcome;
  const facts = error instanceof KvError ? { code: error.code, executed: error.executed } : { executed: 'unknown' };
  return { ...planned, forced: false, error: { ...facts, message: describeError(error) } };
}

function summarize(outcomes: readonly Outcome[], { problems }: ForcePlan, output: Output): void {
  const forced = outcomes.filter((outcome) => outcome.forced).length;
  const all = outcomes.length + problems.length;
  if (forced === all) return;
  output.remark(`${forced} of ${all} shards were forced. The others are unchanged: see "kvctl status", and repeat the command.`);
}
