/**
 * Makes a failing schedule as small as it gets by delta debugging (Zeller & Hildebrandt, *Simplifying and Isolating
 * Failure-Inducing Input*, 2002): leave out part after part of its decisions, keep what still fails.
 * Only failures of the same kind count, so that the result shows the same fault.
 */
import type { Decision } from '../plan/decision.js';
import type { Plan } from '../plan/setup.js';
import { type PlanRunOptions, runPlan } from './schedule.js';

/** Runs spent on one failure. */
const mostRuns = 600;
const kindLength = 50;

export function shrink(plan: Plan, options: PlanRunOptions = {}): Plan {
  let runs = 0;
  let failing = plan.decisions;
  const kindAfter = (decisions: readonly Decision[]): string | undefined => {
    runs += 1;
    return kindOf(runPlan({ ...plan, decisions }, options, false).failure);
  };
  const kind = kindAfter(failing);
  if (kind === undefined) return plan;
  const fails = (decisions: readonly Decision[]): boolean => kindAfter(decisions) === kind;
  for (let parts = 2; failing.length > 0 && runs < mostRuns; ) {
    const partLength = Math.ceil(failing.length / parts);
    const smaller = withoutOnePart(failing, partLength, (rest) => runs < mostRuns && fails(rest));
    if (smaller !== undefined) {
      failing = smaller;
      parts = Math.max(2, parts - 1);
    } else if (partLength === 1) break;
    else parts = Math.min(failing.length, parts * 2);
  }
  return { ...plan, decisions: failing };
}

/** The kind of a failure: the beginning of its text, without numbers. */
function kindOf(failure: string | undefined): string | undefined {
  return failure?.replaceAll(/\d+/g, '#').slice(0, kindLength);
}

/**
 * The decisions without one part, if they still fail. Parts are tried from the end, since decisions after the failure do
 * not matter.
 */
function withoutOnePart(
  decisions: readonly Decision[],
  partLength: number,
  fails: (rest: readonly Decision[]) => boolean,
): readonly Decision[] | undefined {
  for (let end = decisions.length; end > 0; end -= partLength) {
    const rest = [...decisions.slice(0, Math.max(0, end - partLength)), ...decisions.slice(end)];
    if (fails(rest)) return rest;
  }
  return undefined;
}
