/** A failing schedule as a text: the cluster, the decisions that are left, and the last lines of the trace. */
import { describeDecision } from '../plan/decision.js';
import type { Plan } from '../plan/setup.js';
import { type PlanRunOptions, runPlan } from './schedule.js';

const lastLines = 60;

export function scriptOf(plan: Plan, options: PlanRunOptions = {}): string {
  const { failure, trace } = runPlan(plan, { ...options, recording: true }, false);
  const { firstStartsMs, ...setup } = plan.setup;
  return [
    `seed ${plan.seed}: ${failure ?? 'no failure'}`,
    `cluster: ${JSON.stringify(setup)}`,
    `nodes start at ${firstStartsMs.join(', ')} ms`,
    'decisions that are left:',
    ...plan.decisions.map(describeDecision),
    `the last ${Math.min(lastLines, trace.length)} of ${trace.length} things that happened:`,
    ...trace.slice(-lastLines),
  ].join('\n');
}
