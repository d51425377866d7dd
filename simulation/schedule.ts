/** Runs one plan from its first decision to the judgement. The same plan gives the same run, event by event. */
import type { Decision, Moment } from './decision.js';
import { bringToRest } from './ending.js';
import { judge } from './judge.js';
import type { Plan } from './plan.js';
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

/** `isWhole` false: of a plan that is being shrunk, which may have any number of faults. */
export function run(plan: Plan, options: RunOptions = {}, isWhole = true): RunResult {
  const world = new World(plan, options.newReplica, options.recording);
  let failure: string | undefined;
  let cause: unknown;
  let isDecided = true;
  try {
    play(world, plan.decisions);
    if (isWhole) addFaults(world);
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

function play(world: World, decisions: readonly Decision[]): void {
  const ambushes: Extract<Decision, { kind: 'ambush' }>[] = [];
  world.onMoment = (moment: Moment, victim: SimProcess) => {
    const index = ambushes.findIndex((ambush) => ambush.moment === moment);
    if (index === -1) return;
    const [ambush] = ambushes.splice(index, 1);
    // What is armed takes effect on this very step; what strikes from outside comes after this turn.
    if (ambush!.fault.kind === 'loseAnswer' || ambush!.fault.kind === 'crashMidTurn') strike(world, ambush!.fault, victim);
    else world.queue.after(0, () => strike(world, ambush!.fault, victim.alive ? victim : undefined));
  };
  for (const decision of decisions) {
    world.runUntil(decision.atMs);
    require(world.queue.count < mostEvents, () => 'the run does not come to an end');
    if (decision.kind === 'request') world.clients[decision.client]!.start(decision.key, decision.op);
    else if (decision.kind === 'fault') strike(world, decision.fault);
    else ambushes.push(decision);
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

/** Where those of the plan found nobody to strike, or nobody had much to say. */
function addFaults(world: World): void {
  for (let index = 0; world.faults < leastFaults || world.handled < leastEvents; index += 1) {
    strike(world, { kind: 'crash', at: index, keepsData: true, silent: false, downMs: 500 });
    for (const client of world.clients) client.start('k0', 'put');
    world.runUntil(world.queue.nowMs + 1000);
  }
}

/** Every key is read and one is written: what was acknowledged is there, and the cluster serves. */
function lastOperations(world: World): void {
  const reader = world.clients[0]!;
  const done = (): boolean => world.clients.every((client) => client.isIdle);
  const finish = (): void => {
    const endMs = world.queue.nowMs + finalDeadlineMs;
    while (!done() && world.queue.nowMs < endMs) world.runUntil(world.queue.nowMs + 10);
  };
  finish();
  for (let key = 0; key < world.plan.setup.keys; key += 1) {
    reader.start(`k${key}`, 'get');
    finish();
    expectServed(world);
  }
  reader.start('k0', 'put');
  finish();
  expectServed(world);
}

function expectServed(world: World): void {
  const { call, outcome } = world.history.at(-1)!.operation;
  const isServed = outcome.kind !== 'refused' && outcome.kind !== 'unknown';
  require(isServed, () => `the cluster is whole, and does not serve a ${call.kind}: ${JSON.stringify(outcome)}`);
}
