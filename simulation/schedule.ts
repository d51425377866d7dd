/** Runs one plan from its first decision to the judgement. The same plan gives the same run, event by event. */
import type { Decision, Fault, Moment, Operation } from './decision.js';
import { bringToRest } from './ending.js';
import { judge } from './judge.js';
import type { Plan } from './plan.js';
import { failOver, rest } from './rest.js';
import type { SimProcess } from './sim-process.js';
import { strike } from './strike.js';
import { require } from './violation.js';
import { type NewReplica, World } from './world.js';

export interface RunOptions {
  /** Keeps what happened for people to read. */
  readonly recording?: boolean;
  /** In place of the product's replica: for tests that break one. */
  readonly newReplica?: NewReplica;
}

export interface RunResult {
  /** What was violated. Undefined: all went well. */
  readonly failure: string | undefined;
  /** What was thrown. */
  readonly cause: unknown;
  /** Events that replicas handled, ticks left out. */
  readonly events: number;
  readonly faults: number;
  readonly operations: number;
  /** Histories too tangled to be decided. */
  readonly undecided: boolean;
  readonly simulatedMs: number;
  /** Two runs with the same one are the same run. */
  readonly digest: number;
  readonly trace: readonly string[];
}

export const leastEvents = 200;
export const leastFaults = 3;
/** A run that goes on for so many events is going round in circles. */
const mostEvents = 1_000_000;
const finalDeadlineMs = 3000;
const finalStepMs = 10;
const mostAttempts = 4;
const settleMs = 5000;

/** `isWhole` false: of a plan that is being shrunk, which may have any number of faults. */
export function run(plan: Plan, options: RunOptions = {}, isWhole = true): RunResult {
  const world = new World(plan, options.newReplica, options.recording);
  let failure: string | undefined;
  let cause: unknown;
  let isDecided = true;
  try {
    play(world, plan.decisions);
    bringToRest(world);
    lastOperations(world);
    isDecided = judge(world);
    if (isWhole)
      require(world.handled >= leastEvents && world.faults >= leastFaults, () =>
        `too little happened: ${world.handled} events, ${world.faults} faults`);
  } catch (error) {
    cause = error;
    failure = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
  const { handled: events, faults, history, queue, trace } = world;
  return {
    ...{ failure, cause, events, faults, operations: history.length, undecided: !isDecided, simulatedMs: queue.nowMs },
    ...{ digest: trace.digest, trace: trace.lines },
  };
}

/** They take effect on the very step that they wait for. */
const armed: ReadonlySet<string> = new Set<Fault['kind']>(['loseAnswer', 'unheard', 'crashMidTurn']);

function play(world: World, decisions: readonly Decision[]): void {
  const ambushes: Extract<Decision, { kind: 'ambush' }>[] = [];
  world.onMoment = (moment: Moment, victim: SimProcess) => {
    const index = ambushes.findIndex((ambush) => ambush.moment === moment);
    if (index === -1) return;
    const [ambush] = ambushes.splice(index, 1);
    // What strikes from outside comes after this turn.
    if (armed.has(ambush!.fault.kind)) strike(world, ambush!.fault, victim);
    else world.queue.after(0, () => strike(world, ambush!.fault, victim.alive ? victim : undefined));
  };
  let restedMs = 0;
  for (const decision of decisions) {
    world.runUntil(decision.atMs + restedMs);
    require(world.queue.count < mostEvents, () => 'the run does not come to an end');
    if (decision.kind === 'request') world.clients[decision.client]!.start(decision.key, decision.op);
    else if (decision.kind === 'fault') strike(world, decision.fault);
    else if (decision.kind === 'rest' || decision.kind === 'failover') {
      const sinceMs = world.queue.nowMs;
      rest(world);
      if (decision.kind === 'failover') failOver(world);
      restedMs += world.queue.nowMs - sinceMs;
    } else ambushes.push(decision);
  }
  disarm(world);
}

/** What has been armed and not gone off. */
function disarm(world: World): void {
  world.onMoment = () => {};
  for (const { process } of world.nodes) {
    if (process === undefined) continue;
    process.effectsLeft = undefined;
    process.session.loseNext = undefined;
  }
}

/** Every key is read and one is written: what was acknowledged is there, and the cluster serves. A quiet schedule goes on writing. */
function lastOperations(world: World): void {
  for (let key = 0; key < world.plan.setup.keys; key += 1) insist(world, `k${key}`, 'get');
  do insist(world, 'k0', 'put');
  while (world.handled < leastEvents);
  // A write that its client has given up may still be on its way.
  const endMs = world.queue.nowMs + settleMs;
  while (world.queue.nowMs < endMs && world.clients.some(({ waiting }) => [...waiting].some(({ process }) => process.alive))) {
    world.runUntil(world.queue.nowMs + finalStepMs);
  }
}

/** A message or two may straggle, as they do at any time; a cluster that is whole serves soon all the same. */
function insist(world: World, key: string, op: Operation): void {
  const client = world.clients[0]!;
  for (let attempt = 1; ; attempt += 1) {
    finish(world);
    client.start(key, op);
    finish(world);
    const { outcome } = world.history.at(-1)!.operation;
    if (outcome.kind !== 'refused' && outcome.kind !== 'unknown') return;
    require(attempt < mostAttempts, () => `the cluster is whole, and does not serve a ${op}: ${JSON.stringify(outcome)}`);
  }
}

function finish(world: World): void {
  const endMs = world.queue.nowMs + finalDeadlineMs;
  const isDone = (): boolean => world.clients.every((client) => client.isIdle);
  while (world.queue.nowMs < endMs && !isDone()) world.runUntil(world.queue.nowMs + finalStepMs);
}
