import { describe, expect, it } from 'vitest';
import { type RunResult, runPlan } from '../schedule/schedule.js';
import { planOf } from './plan.js';
import type { Plan } from './setup.js';

const steps = 150;
/** Whole schedules, on a machine that may be busy. */
const timeout = 120_000;
const schedules = 20;

function placingPlans(): Plan[] {
  const plans: Plan[] = [];
  for (let seed = 1; plans.length < schedules; seed += 1) {
    const plan = planOf(seed, steps);
    if (plan.setup.placing !== undefined) plans.push(plan);
  }
  return plans;
}

/** Which nodes wrote a placement, in order. */
function writersIn({ trace }: RunResult): string[] {
  return trace.flatMap((line) => / (n\d+) writes placement /.exec(line)?.[1] ?? []);
}

function count({ trace }: RunResult, what: RegExp): number {
  return trace.filter((line) => what.test(line)).length;
}

describe('several shards, placed by their nodes', { timeout }, () => {
  const plans = placingPlans();
  const runs = plans.map((plan) => runPlan(plan, { recording: true }));

  it('nothing is lost, bent or blocked, and the same seed gives the same run', () => {
    expect(runs.flatMap(({ failure }) => failure ?? [])).toEqual([]);
    expect(runPlan(plans[0]!, { recording: true }).trace).toEqual(runs[0]!.trace);
  });

  it('the last operations reach a shard that only one of many nodes holds', () => {
    const many = 24;
    for (const { seed, setup } of plans.slice(0, 3)) {
      const placing = { ...setup.placing!, replicas: 1, zones: [], weights: [] };
      const firstStartsMs = Array.from({ length: many }, () => 0);
      const large = { ...setup, nodes: many, firstStartsMs, minInSync: 1, delayMs: 30, placing };
      expect(runPlan({ seed, setup: large, decisions: [] }, {}, false).failure).toBeUndefined();
    }
  });

  it('every one of them has several shards on several nodes, and a placement that is changed', () => {
    for (const [index, { setup }] of plans.entries()) {
      expect(setup.shards).toBeGreaterThan(1);
      expect(setup.nodes).toBeGreaterThan(2);
      expect(writersIn(runs[index]!).length).toBeGreaterThan(0);
    }
  });

  it('controllers follow one another, copies are made and given up, primaries are handed on', () => {
    expect(runs.filter((result) => new Set(writersIn(result)).size > 1).length).toBeGreaterThan(schedules / 4);
    for (const what of [/"snapshotTaken"/, /"type":"released"/, /"kind":"handover"/, /"reason":"moved"/])
      expect(runs.filter((result) => count(result, what) > 0).length).toBeGreaterThan(schedules / 4);
  });
});
