/**
 * ZooKeeper loses data while some nodes are down with what they hold, or frozen; an operator decides, newcomers
 * start, and the others return with data of a history that went on without them, or ended (R1, R3, R13). Or it
 * forgets that a backup was removed, and the backup wakes before the primary does (R7).
 */
import type { Decision, Fault } from './decision.js';
import { Random } from './random.js';
import type { Setup } from './setup.js';

const firstMs = 2000;
/** The share of schedules in which ZooKeeper loses data while nodes are absent. */
const share = 0.12;

/** They have a random sequence of their own, so that a schedule without them stays the same. */
export function historyDecisions(seed: number, setup: Setup, untilMs: number): Decision[] {
  const random = Random.of(seed, 32);
  if (setup.placing !== undefined || !random.chance(share)) return [];
  const atMs = firstMs + random.below(Math.max(1, untilMs - firstMs));
  return losses(random, setup, atMs);
}

const removalShare = 0.1;

/** A paused backup is removed, and its primary is absent for a while when ZooKeeper comes back with the older set. */
export function removalDecisions(seed: number, setup: Setup, untilMs: number): Decision[] {
  const random = Random.of(seed, 33);
  if (setup.placing !== undefined || !random.chance(removalShare)) return [];
  const atMs = firstMs + random.below(Math.max(1, untilMs - firstMs));
  const lossMs = atMs + setup.leaseMs + random.between(200, 1500);
  const awayMs = random.between(5, 300);
  const wakesMs = lossMs + awayMs + random.between(-200, 1000);
  const absentMs = random.between(1500, 6000);
  const keepsData = !setup.volatile && random.chance(0.6);
  const absent: Fault = keepsData
    ? { kind: 'crash', at: 'primary', keepsData, silent: random.chance(0.3), downMs: absentMs }
    : { kind: 'pause', at: 'primary', forMs: absentMs };
  const unread = removalUnread(seed, setup, atMs, lossMs);
  return [
    ...unread,
    strikes(atMs, { kind: 'isolate', at: 'backup', breaks: true, forMs: lossMs - atMs + random.between(0, 1500) }),
    strikes(atMs, { kind: 'pause', at: 'backup', forMs: wakesMs - atMs }),
    ...(random.chance(0.8) ? [strikes(lossMs - random.between(1, 20), absent)] : []),
    strikes(lossMs, { kind: 'zookeeperAway', forMs: awayMs, comesBack: 'older' }),
    ...Array.from({ length: random.between(0, 3) }, () => operator(lossMs + random.between(4000, 12_000))),
  ];
}

/**
 * Drawn from a sequence of its own: the others read of the removal late, and the primary loses its data before
 * ZooKeeper does.
 */
function removalUnread(seed: number, { nodes }: Setup, atMs: number, lossMs: number): Decision[] {
  const random = Random.of(seed, 34);
  if (!random.chance(0.5)) return [];
  const lagging = Array.from({ length: nodes }, (_, at) =>
    strikes(atMs, { kind: 'lag', at, lagMs: 3000, forMs: lossMs - atMs + random.between(-200, 0) }),
  );
  const downMs = random.between(2000, 6000);
  const crash: Fault = { kind: 'crash', at: 'primary', keepsData: false, silent: random.chance(0.3), downMs };
  return random.chance(0.6) ? [...lagging, strikes(lossMs - random.between(20, 100), crash)] : lagging;
}

function losses(random: Random, setup: Setup, atMs: number): Decision[] {
  const all = Array.from({ length: setup.nodes }, (_, index) => index);
  const drawn = Array.from({ length: random.between(1, setup.nodes) }, () => all.splice(random.below(all.length), 1)[0]!);
  // The last of them starts empty at about the time when ZooKeeper does.
  const newcomers = drawn.length > 1 || random.chance(0.5) ? drawn.slice(-1) : [];
  const absent = drawn.filter((node) => !newcomers.includes(node));
  const returnMs = random.between(4000, 15_000);
  return [
    ...absent.map((node) => absence(random, setup, node, atMs, returnMs)),
    ...newcomers.map((node) => arrival(random, node, atMs)),
    loss(random, atMs),
    ...Array.from({ length: random.between(1, 4) }, () => operator(atMs + random.between(2000, 12_000))),
    // Now and then ZooKeeper loses its data again while the operator works.
    ...(random.chance(0.3) ? [loss(random, atMs + random.between(3000, 12_000))] : []),
    ...(random.chance(0.3) ? [succession(random, atMs + random.between(1000, 8000))] : []),
  ];
}

function strikes(atMs: number, fault: Fault): Decision {
  return { atMs, kind: 'fault', fault };
}

function operator(atMs: number): Decision {
  return strikes(atMs, { kind: 'operator' });
}

function loss(random: Random, atMs: number): Decision {
  return strikes(atMs, {
    kind: 'zookeeperAway',
    forMs: random.between(20, 1500),
    comesBack: random.pick(['empty', 'empty', 'older']),
  });
}

/** From just before the loss the node is frozen, or down with the data on its disk. */
function absence(random: Random, { volatile }: Setup, at: number, lossMs: number, returnMs: number): Decision {
  const atMs = lossMs - random.between(1, 1800);
  const forMs = lossMs - atMs + returnMs + random.below(2000);
  if (volatile || random.chance(0.3)) return strikes(atMs, { kind: 'pause', at, forMs });
  return strikes(atMs, { kind: 'crash', at, keepsData: true, silent: random.chance(0.3), downMs: forMs });
}

function arrival(random: Random, at: number, lossMs: number): Decision {
  const downMs = random.pick([1, 300, 2500, 6000]);
  return strikes(lossMs - random.between(1, 500), { kind: 'crash', at, keepsData: false, silent: false, downMs });
}

/** The replica that serves by then is frozen for a while. */
function succession(random: Random, atMs: number): Decision {
  return strikes(atMs, { kind: 'pause', at: 'primary', forMs: random.between(1300, 5000) });
}
