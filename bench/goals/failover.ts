/** The goal about a killed primary: the time until a write is acknowledged again, with both profiles of timings. */
import { gapSpreadOf } from '../../faults/results/service-gaps.js';
import { type FailoverTimes, measureFailovers } from './failover-times.js';
import type { Goal, GoalOutcome, GoalRun } from './goal.js';
import { type ProfileName, profileNames, timingProfiles } from './timing-profiles.js';

interface Bound {
  readonly figure: 'median' | 'p99';
  readonly ms: number;
}

const bounds: Readonly<Record<ProfileName, readonly Bound[]>> = {
  default: [
    { figure: 'median', ms: 1_500 },
    { figure: 'p99', ms: 2_500 },
  ],
  fast: [{ figure: 'median', ms: 700 }],
};

/** With fewer kills the 99th percentile is the maximum. */
const enoughForP99 = 100;

export const failover: Goal = {
  name: 'failover',
  measure: async (run) => {
    const outcomes: GoalOutcome[] = [];
    for (const profile of profileNames) outcomes.push(...(await measureProfile(profile, run)));
    return outcomes;
  },
};

async function measureProfile(profile: ProfileName, { kills, signal, print }: GoalRun): Promise<GoalOutcome[]> {
  const onFailover = ({ totalMs, ...parts }: FailoverTimes, number: number): void =>
    print(`${profile} timings, kill ${number}: ${Math.round(totalMs)} ms (${describe(parts)})`);
  const times = await measureFailovers({ profile: timingProfiles[profile], kills, signal, onFailover });
  const figures = figuresOf(times);
  for (const part of parts) print(`${profile} timings, ${part}: median ${figures[`${part}Ms`]} ms`);
  return bounds[profile].map(({ figure, ms }) => {
    const found = figures[`${figure}Ms`]!;
    const name = figure === 'p99' && kills < enoughForP99 ? 'max' : figure;
    return {
      what: `kill -9 of the primary to the first acknowledged write, ${profile} timings: ${name} of ${kills}`,
      wanted: `at most ${ms} ms`,
      found: `${found} ms (longest ${figures.maxMs} ms)`,
      reached: found <= ms,
      figures,
    };
  });
}

const parts = ['detection', 'claim', 'takeover', 'client'] as const;

/** The figures of the whole time, and the medians of its parts. */
function figuresOf(times: readonly FailoverTimes[]): Record<string, number> {
  const spread = (of: (one: FailoverTimes) => number) => gapSpreadOf(times.map(of)) ?? { median: 0, p99: 0, max: 0 };
  const total = spread(({ totalMs }) => totalMs);
  const medians = parts.map((part) => [`${part}Ms`, Math.round(spread((one) => one[`${part}Ms`]).median)]);
  return {
    kills: times.length,
    medianMs: Math.round(total.median),
    p99Ms: Math.round(total.p99),
    maxMs: Math.round(total.max),
    ...Object.fromEntries(medians),
  };
}

function describe(times: Omit<FailoverTimes, 'totalMs'>): string {
  return parts.map((part) => `${part} ${Math.round(times[`${part}Ms`])}`).join(', ');
}
