/** Makes a schedule from a seed: the cluster, and the decisions with their times. Pure. */
import type { Decision, Moment, RequestKind } from './decision.js';
import { directedDecisions } from './directed-plan.js';
import { newFaultOf } from './fault-plan.js';
import { lagDecisions, withDatabases } from './lag-plan.js';
import { historyDecisions, removalDecisions } from './lost-state-plan.js';
import { powerDecisions, withDisks } from './power-plan.js';
import { Random } from './random.js';
import type { Plan, Setup } from './setup.js';
import { withShards } from './several-shards.js';

const leastSteps = 120;
/** At least one in this many decisions is a fault or an ambush, so that the shortest schedule has three of them. */
const leastFaultSpacing = 12;

export function planOf(seed: number, steps: number): Plan {
  const random = Random.of(seed, 0);
  const setup = withDatabases(seed, withDisks(seed, withShards(seed, setupOf(random))));
  const newFault = newFaultOf(random, setup);
  const decisions: Decision[] = [];
  const spacingMs = random.pick([20, 60, 120]);
  const faultShare = random.pick([0.12, 0.25, 0.4]);
  // Most schedules give the cluster the time to form first.
  let atMs = random.chance(0.8) ? 1500 : 100;
  for (let step = 0; step < Math.max(leastSteps, steps); step += 1) {
    atMs += random.chance(0.03) ? random.between(500, 3000) : random.next() * 2 * spacingMs;
    if (step % leastFaultSpacing !== leastFaultSpacing - 1 && !random.chance(faultShare))
      decisions.push(newRequest(random, setup, atMs));
    else if (random.chance(0.3)) decisions.push({ atMs, kind: 'ambush', moment: random.pick(moments), fault: newFault() });
    else decisions.push({ atMs, kind: 'fault', fault: newFault() });
  }
  decisions.push(
    ...lastDecisions(random, setup, atMs),
    ...directedDecisions(seed, setup, atMs),
    ...historyDecisions(seed, setup, atMs),
    ...removalDecisions(seed, setup, atMs),
    ...powerDecisions(seed, setup, atMs),
    ...lagDecisions(seed, setup, atMs),
  );
  decisions.sort((one, other) => one.atMs - other.atMs);
  return { seed, setup, decisions };
}

/** Faults at the end of every schedule, each amid requests, so that no schedule has fewer than these. */
function lastDecisions(random: Random, setup: Setup, afterMs: number): Decision[] {
  const decisions: Decision[] = [];
  for (let at = 0; at < lastRounds; at += 1) {
    const atMs = afterMs + (at + 1) * lastSpacingMs;
    const node = at % setup.nodes;
    decisions.push({ atMs, kind: 'fault', fault: { kind: 'pause', at: node, forMs: random.between(100, 900) } });
    for (let request = 0; request < lastRequests; request += 1) decisions.push(newRequest(random, setup, atMs + request * 50));
    const slow = { kind: 'slow', at: node, to: (node + 1) % setup.nodes, delayMs: 50, forMs: 300 } as const;
    decisions.push({ atMs: atMs + lastRequests * 50, kind: 'fault', fault: slow });
  }
  return decisions;
}

const lastRounds = 3;
const lastRequests = 10;
const lastSpacingMs = 1000;

const moments: readonly Moment[] = [
  ...([
    'claim',
    'claim',
    'membership',
    'handover',
    'took office',
    'serving',
    'snapshot begun',
    'snapshot chunk',
    'snapshot taken',
  ] as const),
  ...(['cut log', 'sync'] as const),
];
const operations: readonly RequestKind[] = [
  ...([
    'get',
    'get',
    'get',
    'get',
    'put',
    'put',
    'put',
    'put',
    'putIfSeen',
    'putIfSeen',
    'putIfAbsent',
    'delete',
    'deleteIfSeen',
  ] as const),
];

function newRequest(random: Random, { clients, keys }: Setup, atMs: number): Decision {
  const key = `k${random.below(keys)}`;
  return { atMs, kind: 'request', client: random.below(clients), key, op: random.pick(operations) };
}

function setupOf(random: Random): Setup {
  const nodes = random.pick([2, 3, 3, 3, 4, 4, 5]);
  const tight = random.chance(0.3);
  return {
    shards: 1,
    placing: undefined,
    nodes,
    clients: random.between(2, 6),
    keys: random.pick([1, 2, 3, 8]),
    volatile: random.chance(0.5),
    syncMs: undefined,
    lag: undefined,
    minInSync: Math.min(nodes, random.pick([1, 1, 1, 2, 2, 3])),
    beaconMs: 150,
    leaseMs: 1000,
    graceMs: tight ? 1050 : 1250,
    sessionMs: random.pick([2000, 6000]),
    driftBound: random.chance(0.3) ? 0 : tight ? 0.02 : 0.1,
    retainEntries: random.pick([1, 4, 1000]),
    maxBatchEntries: random.pick([1, 3, 100]),
    maxBatchesInFlight: random.pick([1, 2, 4]),
    maxUncommittedEntries: random.pick([3, 1000]),
    delayMs: random.pick([1, 5, 30]),
    diskMs: random.pick([1, 10, 60]),
    chunkItems: random.pick([1, 2, 100]),
    firstStartsMs: Array.from({ length: nodes }, () => (random.chance(0.8) ? random.below(50) : random.below(8000))),
  };
}
