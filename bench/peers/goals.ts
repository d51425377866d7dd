/** Judges the goals of kvnode by the measurements of a run. */
import { casesOf, goalRows, type Shape } from './goal-rows.js';
import type { Result } from './store-session.js';
import { ratioOf, type Spread } from './summary.js';

export interface GoalResult {
  /** The name of the goal on the command line. */
  readonly name: string;
  readonly what: string;
  readonly shape: Shape;
  readonly bound: 'at least' | 'at most';
  readonly wanted: number;
  /** The measured ratio; undefined if it was not measured. */
  readonly found: Spread | undefined;
  /** `unclear`: some rounds reached it and others did not. Undefined if it was not measured. */
  readonly reached: 'yes' | 'no' | 'unclear' | undefined;
}

export function judgeGoals(results: readonly Result[]): GoalResult[] {
  return goalRows.flatMap(casesOf).map(({ row: { name, what, bound, figure, allowed }, shape, ratio, trial, other }) => {
    const found = ratioOf(results, trial, other, figure, allowed);
    return { name, what, shape, bound, wanted: ratio, found, reached: found && verdictOn(found, bound, ratio) };
  });
}

function verdictOn({ lowest, highest }: Spread, bound: GoalResult['bound'], wanted: number): 'yes' | 'no' | 'unclear' {
  const [worst, best] = bound === 'at least' ? [lowest - wanted, highest - wanted] : [wanted - highest, wanted - lowest];
  if (worst >= 0) return 'yes';
  return best < 0 ? 'no' : 'unclear';
}
