/** A failing schedule as something to read: the cluster, the decisions that are left, and the end of what happened. */
import { describe } from '../plan/decision.js';
import type { Plan } from '../plan/setup.js';
import { type RunOptions, run } from './schedule.js';

const lastLines = 60;

export function scriptOf(plan: Plan, options: RunOptions = {}): string {
  const { failure, trace } = run(plan, { ...options, recording: true }, false);
  const { firstStartsMs, ...setup } = plan.setup;
  return [
    `seed ${plan.seed}: ${failure ?? 'no failure'}`,
    `cluster: ${JSON.stringify(setup)}`,
    `nodes start at ${firstStartsMs.join(', ')} ms`,
    'decisions that are left:',
    ...plan.decisions.map(describe),
    `the last ${Math.min(lastLines, trace.length)} of ${trace.length} things that happened:`,
    ...trace.slice(-lastLines),
  ].join('\n');
}
