/**
 * Nodes whose applied state is in a database beside their log, and what becomes of the database: it lags, answers nothing for a
 * while, loses power with its machine, or is replaced by a backup. They have random sequences of their own, so that the other
 * schedules stay the same.
 */
import type { Decision, Fault } from './decision.js';
import { Random } from './random.js';
import type { Setup } from './setup.js';

const shareWithDatabases = 0.6;
const shareOfNodes = 0.7;
/** The share of schedules in which the primary's database ceases to answer amid a rest. */
const shareWithFailovers = 0.4;
const firstMs = 1500;
const moments = [
  ...(['write answered', 'write answered', 'took office', 'serving', 'claim', 'membership'] as const),
  ...(['snapshot begun', 'snapshot taken', 'cut log', 'sync'] as const),
];
const targets = ['primary', 'primary', 'backup', 'joiner'] as const;

/** Each node chooses its store. A node in memory alone has no log, so it has no database. */
export function withDatabases(seed: number, setup: Setup): Setup {
  const random = Random.of(seed, 10);
  if (setup.volatile || !random.chance(shareWithDatabases)) return setup;
  return {
    ...setup,
    lag: {
      isLagging: Array.from({ length: setup.nodes }, () => random.chance(shareOfNodes)),
      // A database that commits sooner than its log is flushed may get ahead of it.
      commitMs: random.pick(setup.syncMs === undefined ? [1, 30, 300, 2000] : [1, 1, 30, 300]),
      flushMs: random.pick([1, 100, 1000, 5000]),
      readMs: random.pick([1, 10, 100, 700]),
      timeoutMs: random.pick([500, 1500]),
      mostRows: random.pick([2, 5, 1000, 1000]),
    },
  };
}

export function lagDecisions(seed: number, setup: Setup, untilMs: number): Decision[] {
  const random = Random.of(seed, 11);
  if (setup.lag === undefined) return [];
  const faults = Array.from({ length: random.between(1, 4) + (setup.syncMs === undefined ? 0 : 3) }, (): Decision => {
    const atMs = firstMs + random.below(Math.max(1, untilMs - firstMs));
    const mayBeAhead = setup.syncMs !== undefined && random.chance(0.7);
    const downMs = random.between(1, 500);
    const fault: Fault = mayBeAhead ? { kind: 'powerLoss', downMs, spreadMs: 50 } : nextFault(random, setup);
    if (mayBeAhead) return { atMs, kind: 'ambush', moment: 'write answered', fault };
    if (random.chance(0.4)) return { atMs, kind: 'fault', fault };
    return { atMs, kind: 'ambush', moment: random.pick(moments), fault };
  });
  if (!random.chance(shareWithFailovers)) return faults;
  return [...faults, { atMs: firstMs + random.below(Math.max(1, untilMs - firstMs)), kind: 'stateFailover' }];
}

function nextFault(random: Random, setup: Setup): Fault {
  const at = random.chance(0.7) ? random.pick(targets) : random.below(setup.nodes);
  const downMs = random.between(1, 500);
  const kind = random.next();
  if (kind < 0.35) return { kind: 'stateAway', at, forMs: random.pick([200, 1500, 4000, 9000]) };
  if (kind < 0.55) return { kind: 'restoreState', at, downMs };
  if (kind < 0.75) return { kind: 'crash', at, keepsData: true, silent: true, downMs };
  return { kind: 'powerLoss', downMs, spreadMs: random.pick([0, 50, 1000, 5000]) };
}
