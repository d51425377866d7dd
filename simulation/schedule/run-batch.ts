/** Runs one seed after the other, and shrinks failing schedules. Pure. */

import { planOf } from '../plan/plan.js';
import { type Batch, type BatchResult, nothing, sum } from './batch.js';
import { runPlan } from './schedule.js';
import { scriptOf } from './script.js';
import { shrink } from './shrink.js';

export function runBatch({ firstSeed, count, steps, placing }: Batch): BatchResult {
  let total = nothing;
  for (let seed = firstSeed; seed < firstSeed + count; seed += 1) {
    const plan = planOf(seed, steps);
    if (placing && plan.setup.placing === undefined) continue;
    const { failure, events, faults, operations, undecided, simulatedMs } = runPlan(plan);
    const failures = failure === undefined ? [] : [{ seed, failure, script: scriptOf(shrink(plan)) }];
    const least = { leastEvents: events, leastFaults: faults };
    total = sum(total, {
      schedules: 1,
      events,
      faults,
      operations,
      undecided: undecided ? 1 : 0,
      simulatedMs,
      failures,
      ...least,
    });
  }
  return total;
}
