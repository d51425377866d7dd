/**
 * Disks that are flushed at intervals, and losses of power. They have a random sequence of their own, so that the rest of a
 * schedule is the same without them.
 */
import type { Decision, Fault } from './decision.js';
import { Random } from './random.js';
import type { Setup } from './setup.js';

const firstMs = 1500;
const moments = ['claim', 'membership', 'took office', 'serving', 'snapshot taken', 'cut log', 'sync'] as const;
const shareWithIntervals = 0.35;
const shareWithLosses = 0.6;
/** The share of writes that are answered once they are flushed. */
const syncShare = 0.3;
/** With a longer interval such a write takes longer than clients wait. */
const longestSyncMs = 500;

/** Some disks are flushed at intervals. */
export function withDisks(seed: number, setup: Setup): Setup {
  const random = Random.of(seed, 8);
  if (setup.volatile || !random.chance(shareWithIntervals)) return setup;
  return { ...setup, syncMs: random.pick([50, 500, 3000]) };
}

/** The power fails everywhere at once; nodes start again in any order, soon or late. Or a part of one disk is damaged. */
export function powerDecisions(seed: number, setup: Setup, untilMs: number): Decision[] {
  const random = Random.of(seed, 9);
  if (setup.volatile || !random.chance(shareWithLosses)) return [];
  return Array.from({ length: random.between(1, 3) }, (): Decision => {
    const atMs = firstMs + random.below(Math.max(1, untilMs - firstMs));
    const downMs = random.between(1, 200);
    const fault: Fault = random.chance(0.7)
      ? { kind: 'powerLoss', downMs, spreadMs: random.pick([0, 50, 1000, 5000]) }
      : { kind: 'damage', at: random.pick(['primary', 'backup', random.below(setup.nodes)] as const), downMs };
    if (random.chance(0.3)) return { atMs, kind: 'fault', fault };
    const moment = random.chance(0.6) ? 'write answered' : random.pick(moments);
    return { atMs, kind: 'ambush', moment, fault };
  });
}

export function nextSync(random: Random, { syncMs = 0 }: Setup): boolean {
  return random.chance(syncShare) && syncMs <= longestSyncMs;
}
