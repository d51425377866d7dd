/** One seeded schedule of faults over a simulated cluster, as a test asks for it. */
import { planOf, type RunResult, runPlan } from '../../../simulation/index.js';

/** @throws Error on any violation, with what was thrown as its cause. */
export function runSchedule({ seed, steps }: { readonly seed: number; readonly steps: number }): RunResult {
  const result = runPlan(planOf(seed, steps));
  if (result.failure === undefined) return result;
  throw new Error(`seed ${seed}: ${result.failure}`, { cause: result.cause });
}
