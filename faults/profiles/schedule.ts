/** Executes the schedule of a profile on a running cluster, and logs each fault with its time. */
import { setTimeout as pause } from 'node:timers/promises';
import { nowUs } from '../clients/client-recorder.js';
import type { FaultCluster } from '../cluster/fault-cluster.js';
import { chooseTogether, deckOf } from '../nemeses/choose-faults.js';
import { between, type FaultContext, type Nemesis, pickVictim } from '../nemeses/nemesis.js';
import { type Profile, type Schedule, syncPatienceMs } from './profile.js';

export interface Round {
  readonly startedAtUs: number;
  /** When all its faults were healed. Undefined: they are not. */
  endedAtUs?: number;
  /** The names of the faults of this round. */
  readonly faults: readonly string[];
}

/** The record of a schedule, which grows while it runs. */
export interface ScheduleLog {
  readonly rounds: Round[];
  /** The number of times that a due fault had to wait until every node was in sync, and the total time. */
  waits: number;
  waitedMs: number;
}

export class NotServedError extends Error {
  constructor() {
    super(`all nodes are in sync, but no operation was answered for ${syncPatienceMs / 1_000} s`);
    this.name = 'NotServedError';
  }
}

export interface ScheduleContext {
  readonly cluster: FaultCluster;
  readonly random: () => number;
  readonly endAtMs: number;
  readonly log: ScheduleLog;
  /** Whether an operation that began after this moment has been answered. */
  readonly servedSince: (timeUs: number) => boolean;
  readonly print: (line: string) => void;
}

const pollMs = 50;
const longestStaggerMs = 1_500;
const longestRestMs = 1_500;

/** @throws NotInSyncError or NotServedError if the cluster does not recover. */
export function carryOut(profile: Profile, context: ScheduleContext): Promise<void> {
  const { schedule } = profile;
  return schedule.kind === 'steady'
    ? killSteadily(schedule, context)
    : inRounds(usable(schedule.nemeses, context), schedule, context);
}

async function killSteadily({ victim, intervalMs }: Extract<Schedule, { kind: 'steady' }>, context: ScheduleContext) {
  const { cluster, random, endAtMs, log, print } = context;
  for (let dueAtMs = performance.now() + intervalMs; dueAtMs < endAtMs; dueAtMs += intervalMs) {
    await pause(Math.max(0, dueAtMs - performance.now()));
    // After a wait, the next kill is due a full interval later.
    if (await waitIfNeeded(context)) dueAtMs = performance.now();
    const node = await pickVictim({ cluster, random, hit: new Set(), print }, victim);
    if (node === undefined) continue;
    const round: Round = { startedAtUs: nowUs(), faults: [`kill ${victim}`] };
    log.rounds.push(round);
    print(`${node.name} killed`);
    await node.kill();
    node.start();
    round.endedAtUs = nowUs();
  }
}

async function waitIfNeeded({ cluster, log }: ScheduleContext): Promise<boolean> {
  if ((await cluster.missingForSync()) === undefined) return false;
  log.waits += 1;
  log.waitedMs += await cluster.waitForSync(syncPatienceMs);
  return true;
}

/**
 * Waits for an answered operation. Sync is not enough: a client whose connection was cut may need a while to recover.
 */
export async function waitForService({ servedSince }: Pick<ScheduleContext, 'servedSince'>): Promise<void> {
  const sinceUs = nowUs();
  while (!servedSince(sinceUs)) {
    if (nowUs() - sinceUs > syncPatienceMs * 1_000) throw new NotServedError();
    await pause(pollMs);
  }
}

async function inRounds(nemeses: readonly Nemesis[], { atOnce }: { atOnce: number }, context: ScheduleContext) {
  const { cluster, random, endAtMs, log } = context;
  const draw = deckOf(nemeses, random);
  while (performance.now() < endAtMs) {
    await waitIfNeeded(context);
    await waitForService(context);
    const startedAtUs = nowUs();
    const hit: FaultContext['hit'] = new Set();
    const faults = chooseTogether(draw(), nemeses, atOnce, random);
    const faultNames: string[] = [];
    const round: Round = { startedAtUs, faults: faultNames };
    log.rounds.push(round);
    const done = await Promise.all(
      faults.map((nemesis, index) => inject(nemesis, index, { cluster, random, hit, print: context.print })),
    );
    faultNames.push(...done.filter((name) => name !== undefined));
    round.endedAtUs = nowUs();
    await pause(longestRestMs * random());
  }
}

/** @returns the fault's name; undefined if no node could be hit */
async function inject(nemesis: Nemesis, index: number, context: FaultContext) {
  const { random, print } = context;
  const holdMs = between(nemesis.holdMs, random);
  await pause(index === 0 ? 0 : longestStaggerMs * random());
  const fault = await nemesis.inject(context);
  if (fault === undefined) return undefined;
  print(`${fault.what}, for ${Math.round(holdMs)} ms`);
  await pause(holdMs);
  await fault.heal();
  return nemesis.name;
}

function usable(nemeses: readonly Nemesis[], { cluster, print }: ScheduleContext): Nemesis[] {
  const possible = nemeses.filter(
    ({ needs }) =>
      (needs !== 'links between nodes' || cluster.network.cutsNodes) &&
      (needs !== 'an ensemble' || cluster.zookeepers.length > 1),
  );
  const left = nemeses.length - possible.length;
  if (left > 0) print(`${left} of ${nemeses.length} kinds of fault are not possible on this network and are left out`);
  if (possible.length === 0) throw new Error('no fault of this profile is possible on this network');
  return possible;
}
