/**
 * Decisions that aim at the thinnest parts of the rules, beside those drawn blindly. They have a random sequence of
 * their own, so that the rest of a schedule is the same without them.
 */

import type { Decision, Fault, Target } from './decision.js';
import { comings } from './node-loss-plan.js';
import { Random } from './random.js';
import type { Setup } from './setup.js';

const firstMs = 1500;

export function directedDecisions(seed: number, setup: Setup, untilMs: number): Decision[] {
  const random = Random.of(seed, 2);
  const kinds = [successionUnheard, snapshotsLate, rests];
  const from = (): number => firstMs + random.below(Math.max(1, untilMs - firstMs));
  const decisions = kinds.flatMap((kind) => (random.chance(0.25) ? kind(random, from()) : []));
  if (setup.placing !== undefined) return [...decisions, ...comings(random, setup.placing, from)];
  return random.chance(0.4) ? [...decisions, ...moves(random, setup, from)] : decisions;
}

/**
 * The shard moves on and off nodes that are up or down, once or several times before a move is over, and also during
 * an important step of a replica.
 */
function moves(random: Random, { nodes, minInSync }: Setup, from: () => number): Decision[] {
  return Array.from({ length: random.between(1, 6) }, (): Decision => {
    const all = Array.from({ length: nodes }, (_, index) => index);
    const size = random.between(Math.max(1, minInSync), nodes);
    const chosen = Array.from({ length: size }, () => all.splice(random.below(all.length), 1)[0]!);
    const fault: Fault = { kind: 'place', nodes: chosen, lateMs: random.pick([1, 50, 1000, 4000]) };
    if (!random.chance(0.3)) return { atMs: from(), kind: 'fault', fault };
    const moment = random.pick(['membership', 'handover', 'snapshot begun', 'snapshot taken', 'claim'] as const);
    return { atMs: from(), kind: 'ambush', moment, fault };
  });
}

/** The answer to a claim or a handover is lost, and the old primary returns without knowing of it. */
function successionUnheard(random: Random, atMs: number): Decision[] {
  const lagMs = random.pick([300, 1500, 3000]);
  const fault: Fault = { kind: 'unheard', at: 'primary', lagMs, forMs: random.pick([400, 1500, 3000]) };
  if (random.chance(0.3)) {
    const stop = { kind: 'stop', at: 'primary', withinMs: 8000, downMs: 300 } as const;
    return [
      { atMs, kind: 'ambush', moment: 'handover', fault },
      { atMs, kind: 'fault', fault: stop },
    ];
  }
  return [
    { atMs, kind: 'ambush', moment: 'claim', fault },
    { atMs, kind: 'fault', fault: { kind: 'pause', at: 'primary', forMs: random.between(1300, 5000) } },
  ];
}

/** A backup comes back with nothing, and its snapshot crawls while writes go on, or until another has begun. */
function snapshotsLate(random: Random, atMs: number): Decision[] {
  const then = random.pick(['nothing', 'new stream', 'new epoch'] as const);
  const lateMs = then === 'new epoch' ? random.between(1500, 4000) : random.between(100, 2000);
  const fault = { kind: 'lateSnapshot', at: 'joiner', lateMs, forMs: random.between(5, 300), then } as const;
  const crash = { kind: 'crash', at: 'backup', keepsData: false, silent: false, downMs: random.between(1, 200) } as const;
  return [
    { atMs, kind: 'ambush', moment: 'snapshot begun', fault },
    { atMs, kind: 'fault', fault: crash },
  ];
}

/** A rest, also after a planned stop: the others serve, and the stopping node is soon gone. */
function rests(random: Random, atMs: number): Decision[] {
  const at: Target = random.pick(['primary', 'primary', 'backup'] as const);
  const stop: Decision = { atMs, kind: 'fault', fault: { kind: 'stop', at, withinMs: 30_000, downMs: 300 } };
  const pause: Decision = { atMs, kind: 'rest' };
  return random.pick([[pause], [pause, stop, pause], [pause, stop, pause], [{ atMs, kind: 'failover' }]]);
}
