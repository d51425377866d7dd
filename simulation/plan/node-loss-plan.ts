/** Decisions that stop and start nodes, for clusters whose nodes place shards by themselves. */
import type { Decision, Fault, Target } from './decision.js';
import type { Random } from './random.js';
import type { Placing } from './setup.js';

/** Nodes vanish for long, flap, leave on a plan, and fail while a controller writes a placement. */
export function comings(random: Random, { replaceAfterMs }: Placing, from: () => number): Decision[] {
  const kinds = [vanishes, vanishes, flaps, leaves, struckPlacing, struckPlacing];
  return Array.from({ length: random.between(1, 5) }, () => random.pick(kinds)(random, from(), replaceAfterMs)).flat();
}

function target(random: Random): Target {
  return random.pick(['controller', 'controller', 'primary', 'backup', 'joiner', random.below(8)] as const);
}

/** The node is back before any controller missed it, just when it is replaced, or long after. */
function vanishes(random: Random, atMs: number, replaceAfterMs: number): Decision[] {
  const downMs = random.pick([100, replaceAfterMs, 2000 + replaceAfterMs + random.below(4000), 15_000 + replaceAfterMs]);
  const fault: Fault = { kind: 'crash', at: target(random), keepsData: random.chance(0.7), silent: random.chance(0.3), downMs };
  return [{ atMs, kind: 'fault', fault }];
}

function flaps(random: Random, atMs: number): Decision[] {
  const at = random.below(8);
  return Array.from({ length: random.between(3, 6) }, (_, time): Decision => {
    const downMs = random.between(10, 1500);
    return { atMs: atMs + time * 1500, kind: 'fault', fault: { kind: 'crash', at, keepsData: true, silent: false, downMs } };
  });
}

function leaves(random: Random, atMs: number): Decision[] {
  const fault: Fault = {
    kind: 'stop',
    at: target(random),
    withinMs: random.between(2000, 30_000),
    downMs: random.between(300, 8000),
  };
  const other: Fault = { ...fault, at: target(random) };
  const one: Decision = { atMs, kind: 'fault', fault };
  return random.chance(0.3) ? [one, { atMs: atMs + random.below(500), kind: 'fault', fault: other }] : [one];
}

/** In the middle of a change the controller dies, freezes, or does not learn the outcome of its write. */
function struckPlacing(random: Random, atMs: number, replaceAfterMs: number): Decision[] {
  const at = 'controller';
  const faults: readonly Fault[] = [
    {
      kind: 'crash',
      at,
      keepsData: random.chance(0.5),
      silent: random.chance(0.3),
      downMs: random.pick([300, replaceAfterMs, 10_000]),
    },
    { kind: 'pause', at, forMs: random.between(100, 9000) },
    { kind: 'expire', at, noticedAfterMs: random.pick([5, 500, 3000]) },
    {
      kind: 'loseAnswer',
      at,
      lateMs: random.pick([0, random.between(1, 4000), undefined]),
      reconnectMs: random.between(1, 2000),
    },
    {
      kind: 'loseAnswer',
      at,
      lateMs: random.pick([0, random.between(1, 4000), undefined]),
      reconnectMs: random.between(1, 2000),
    },
    { kind: 'lag', at, lagMs: random.pick([500, 3000]), forMs: random.between(500, 9000) },
  ];
  return [{ atMs, kind: 'ambush', moment: 'placement', fault: random.pick(faults) }];
}
