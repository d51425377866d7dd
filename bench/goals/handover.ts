/**
 * The goal about a stopped primary: the time without an acknowledged write, and the failed calls, after SIGTERM under
 * load.
 */
import { gapSpreadOf } from '../../faults/results/service-gaps.js';
import type { Goal } from './goal.js';
import { measureHandovers } from './handover-times.js';
import { timingProfiles } from './timing-profiles.js';

const longestGapMs = 100;

export const handoverGoal: Goal = {
  name: 'handover',
  measure: async ({ kills, signal, print }) => {
    const times = await measureHandovers({
      profile: timingProfiles.default,
      handovers: kills,
      signal,
      onHandover: ({ gapMs, failedCalls, handingOverMs, takeoverMs }, number) =>
        print(
          `handover ${number}: ${Math.round(gapMs)} ms without an acknowledged write (handing over ${Math.round(handingOverMs)}, ` +
            `takeover ${Math.round(takeoverMs)}), ${failedCalls} failed calls`,
        ),
    });
    const gap = gapSpreadOf(times.map(({ gapMs }) => gapMs)) ?? { median: 0, max: 0 };
    const failedCalls = times.reduce((sum, one) => sum + one.failedCalls, 0);
    const figures = { handovers: times.length, medianMs: Math.round(gap.median), maxMs: Math.round(gap.max), failedCalls };
    const of = `SIGTERM to the primary under load, ${times.length} times`;
    return [
      {
        what: `${of}: longest time between two acknowledged writes`,
        wanted: `below ${longestGapMs} ms`,
        found: `${figures.maxMs} ms (median ${figures.medianMs} ms)`,
        reached: gap.max < longestGapMs,
        figures,
      },
      { what: `${of}: failed calls`, wanted: 'none', found: String(failedCalls), reached: failedCalls === 0, figures },
    ];
  },
};
