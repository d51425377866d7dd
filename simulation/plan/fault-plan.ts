/**
 * Faults of a schedule, drawn at random. Each schedule has only some kinds, so that rare combinations come up more
 * often.
 */
import type { Fault, Target } from './decision.js';
import type { Random } from './random.js';
import type { Setup } from './setup.js';

/** How ZooKeeper comes back from an outage: mostly it has lost nothing. */
const comebacks = ['whole', 'whole', 'whole', 'whole', 'whole', 'whole', 'empty', 'older'] as const;

type Drawing = (random: Random) => Fault;

export function newFaultOf(random: Random, setup: Setup): () => Fault {
  const all = drawings(setup);
  const chosen = all.filter(() => random.chance(0.4));
  const used = chosen.length < 3 ? all : chosen;
  return () => random.pick(used)(random);
}

/** Mostly short, now and then longer than a lease, a grace, a session. */
function span(random: Random): number {
  return random.pick([random.between(5, 100), random.between(100, 900), random.between(900, 2500), random.between(1500, 9000)]);
}

function drawings(setup: Setup): Drawing[] {
  const target = (random: Random): Target => {
    const kind = random.next();
    if (kind < 0.4) return 'primary';
    if (kind < 0.55) return 'backup';
    return kind < 0.62 ? 'joiner' : random.below(setup.nodes);
  };
  const pair = (random: Random): { readonly at: Target; readonly to: Target } => {
    const both: { at: Target; to: Target } = { at: target(random), to: target(random) };
    return random.chance(0.5) ? both : { at: both.to, to: both.at };
  };
  const late = (random: Random): number | undefined =>
    random.pick([0, random.between(1, 200), random.between(200, 4000), undefined]);
  const durable = setup.volatile ? [] : durableDrawings(target);
  return [
    ...durable,
    (random) => ({
      kind: 'crash',
      at: target(random),
      keepsData: random.chance(0.8),
      silent: random.chance(0.3),
      downMs: span(random),
    }),
    (random) => ({ kind: 'crashMidTurn', at: target(random), afterEffects: random.below(6), downMs: span(random) }),
    (random) => ({ kind: 'pause', at: target(random), forMs: span(random) }),
    (random) => ({ kind: 'stop', at: target(random), withinMs: random.between(300, 6000), downMs: span(random) }),
    (random) => ({ kind: 'cut', ...pair(random), bothWays: random.chance(0.5), breaks: random.chance(0.5), forMs: span(random) }),
    (random) => ({ kind: 'isolate', at: target(random), breaks: random.chance(0.5), forMs: span(random) }),
    (random) => ({ kind: 'breakStream', ...pair(random), lingerMs: random.chance(0.7) ? random.between(1, 500) : undefined }),
    (random) => ({ kind: 'slow', ...pair(random), delayMs: random.pick([50, 200, 700]), forMs: span(random) }),
    (random) => ({ kind: 'dropBeacons', ...pair(random), forMs: span(random) }),
    (random) => ({ kind: 'drift', at: target(random), rate: 1 + (2 * random.next() - 1) * setup.driftBound }),
    (random) => ({ kind: 'disconnect', at: target(random), forMs: span(random) }),
    (random) => ({ kind: 'hang', at: target(random), forMs: span(random) }),
    (random) => ({ kind: 'expire', at: target(random), noticedAfterMs: random.pick([5, 500, 3000]) }),
    (random) => ({ kind: 'loseAnswer', at: target(random), lateMs: late(random), reconnectMs: random.between(1, 800) }),
    (random) => ({ kind: 'lag', at: target(random), lagMs: random.pick([50, 500, 3000]), forMs: span(random) }),
    (random) => ({ kind: 'mute', at: target(random), forMs: span(random) }),
    (random) => ({ kind: 'zookeeperAway', forMs: span(random), comesBack: random.pick(comebacks) }),
    () => ({ kind: 'operator' }),
  ];
}

/**
 * Faults of replicas with a disk: restarts, in the middle of a step, with the data that was left behind. They are
 * drawn twice as often as others.
 */
function durableDrawings(target: (random: Random) => Target): Drawing[] {
  return [
    (random) => ({ kind: 'hangDisk', at: target(random), forMs: span(random) }),
    (random) => ({ kind: 'crash', at: target(random), keepsData: true, silent: false, downMs: random.between(1, 100) }),
    (random) => ({ kind: 'crashMidTurn', at: target(random), afterEffects: random.below(4), downMs: random.between(1, 100) }),
  ];
}
