/** Runs one plan from its first decision to the judgement. The same plan gives the same run, event by event. */

import type { NewControl } from '../cluster/agent.js';
import { nodeIndexOf } from '../cluster/sim-node.js';
import type { NewReplica } from '../cluster/sim-process.js';
import { Site } from '../cluster/site.js';
import type { Decision, Fault, Moment, RequestKind } from '../plan/decision.js';
import type { Plan } from '../plan/setup.js';
import { require } from '../safety/violation.js';
import { bringToRest } from './ending.js';
import { judgeSchedule } from './judge.js';
import { failOver, rest } from './recovery.js';
import { failOverState } from './state-failover.js';
import { strike } from './strike.js';
import type { Victim } from './strike-node.js';

export interface PlanRunOptions {
  /** Keeps a trace for people to read. */
  readonly recording?: boolean;
  /** In place of the product's replica and controller: for tests that break one. */
  readonly newReplica?: NewReplica | undefined;
  readonly newControl?: NewControl | undefined;
}

export interface RunResult {
  /** The violation. Undefined: all went well. */
  readonly failure: string | undefined;
  /** The error that was thrown. */
  readonly cause: unknown;
  /** Events that replicas handled, ticks left out. */
  readonly events: number;
  readonly faults: number;
  readonly operations: number;
  /** Histories too tangled to be decided. */
  readonly undecided: boolean;
  readonly simulatedMs: number;
  /** Two runs with the same digest are the same run. */
  readonly digest: number;
  readonly trace: readonly string[];
}

export const leastEvents = 200;
export const leastFaults = 3;
/** A run with more events than this does not come to an end. */
const mostEvents = 1_000_000;
const finalDeadlineMs = 3000;
const finalStepMs = 10;
const mostAttempts = 4;
const settleMs = 5000;

/** `isWhole` false: the plan is being shrunk, and may have any number of faults. */
export function runPlan(plan: Plan, options: PlanRunOptions = {}, isWhole = true): RunResult {
  const site = new Site(plan, options);
  let failure: string | undefined;
  let cause: unknown;
  let isDecided = true;
  try {
    play(site, plan.decisions);
    bringToRest(site);
    lastOperations(site);
    isDecided = judgeSchedule(site);
    if (isWhole)
      require(site.handled >= leastEvents && site.faults >= leastFaults, () =>
        `too little happened: ${site.handled} events, ${site.faults} faults`);
  } catch (error) {
    cause = error;
    failure = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
  const { handled: events, faults, history, queue, trace } = site;
  return {
    failure,
    cause,
    events,
    faults,
    operations: history.length,
    undecided: !isDecided,
    simulatedMs: queue.nowMs,
    digest: trace.digest,
    trace: trace.lines,
  };
}

/** Faults that take effect on the very step that they wait for. */
const armed: ReadonlySet<string> = new Set<Fault['kind']>(['loseAnswer', 'unheard', 'crashMidTurn']);

function play(site: Site, decisions: readonly Decision[]): void {
  const ambushes: Extract<Decision, { kind: 'ambush' }>[] = [];
  site.onMoment = (moment: Moment, victim: Victim) => {
    const index = ambushes.findIndex((ambush) => ambush.moment === moment);
    if (index === -1) return;
    const [ambush] = ambushes.splice(index, 1);
    // A fault from outside strikes after this turn.
    if (armed.has(ambush!.fault.kind)) strike(site, ambush!.fault, victim);
    else site.queue.after(0, () => strike(site, ambush!.fault, victim.alive ? victim : undefined));
  };
  let restedMs = 0;
  for (const decision of decisions) {
    site.runUntil(decision.atMs + restedMs);
    require(site.queue.count < mostEvents, () => 'the runPlan does not come to an end');
    if (decision.kind === 'request') site.clients[decision.client]!.start(decision.key, decision.op);
    else if (decision.kind === 'fault') strike(site, decision.fault);
    else if (decision.kind !== 'ambush') {
      const sinceMs = site.queue.nowMs;
      rest(site);
      if (decision.kind === 'failover') failOver(site);
      if (decision.kind === 'stateFailover') failOverState(site);
      restedMs += site.queue.nowMs - sinceMs;
    } else ambushes.push(decision);
  }
  disarm(site);
}

/** Withdraws armed faults that have not struck. */
function disarm(site: Site): void {
  site.onMoment = () => {};
  for (const { processes, sessions } of site.machines) {
    for (const process of processes) process.effectsLeft = undefined;
    for (const session of sessions) session.loseNext = undefined;
  }
}

/**
 * Every key is read and one is written, to show that acknowledged writes are there and the cluster serves. A schedule
 * with too few events continues to write.
 */
function lastOperations(site: Site): void {
  for (let key = 0; key < site.plan.setup.keys; key += 1) insist(site, `k${key}`, 'get');
  for (const { keys } of site.worlds) insist(site, keys[0]!, 'put');
  while (site.handled < leastEvents) insist(site, 'k0', 'put');
  // A write that its client has given up may still be on its way.
  const endMs = site.queue.nowMs + settleMs;
  while (site.queue.nowMs < endMs && site.clients.some(({ waiting }) => [...waiting].some(({ process }) => process.alive))) {
    site.runUntil(site.queue.nowMs + finalStepMs);
  }
}

/**
 * A message or two may be late, as at any time; a whole cluster serves soon nevertheless. Where one
 * of many nodes holds the shard, the client may miss that node by guessing. So after a failure it looks up the
 * primary, as real clients do.
 */
function insist(site: Site, key: string, op: RequestKind): void {
  const client = site.clients[0]!;
  const { shard, ensemble } = site.worldOf(key);
  for (let attempt = 1; ; attempt += 1) {
    finish(site);
    const primary = ensemble.state?.primary;
    if (attempt > 1 && primary !== undefined) client.turnTo(shard, nodeIndexOf(primary));
    client.start(key, op);
    finish(site);
    const { outcome } = site.history.at(-1)!.operation;
    if (outcome.kind !== 'refused' && outcome.kind !== 'unknown') return;
    require(attempt < mostAttempts, () => `the cluster is whole, and does not serve a ${op}: ${JSON.stringify(outcome)}`);
  }
}

function finish(site: Site): void {
  const endMs = site.queue.nowMs + finalDeadlineMs;
  const isDone = (): boolean => site.clients.every((client) => client.isIdle);
  while (site.queue.nowMs < endMs && !isDone()) site.runUntil(site.queue.nowMs + finalStepMs);
}
