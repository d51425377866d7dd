/**
 * Faults of many shards: nodes leave and join, so that shards move, and further faults hit in the middle of a move.
 *
 * A move is detected in the topology: a node holds a shard that is not placed on it, or a shard that is placed on it
 * is not in sync there. The node to kill is chosen by its part in that move.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Part as MovePart, movingShards, withPart } from '../../local/moving.js';
import type { ShardInfo } from '../../src/index.js';
import type { FaultCluster } from '../cluster/fault-cluster.js';
import type { FaultNode } from '../cluster/fault-node.js';
import { type ActiveFault, between, type FaultContext, type Nemesis, pickOne, pickVictim } from './nemesis.js';

/** The controller is the node that registered first among those that stay. */
type Part = MovePart | 'controller';

const movePatienceMs = 5_000;
const pollMs = 10;
/** The range of delays after the beginning of a move, so that a fault hits any moment of it. */
const intoTheMoveMs = [0, 400] as const;
/** The time after a freeze in which other nodes process the messages that the node has sent. */
const underWayMs = 200;
const flaps = 4;
const flapPauseMs = [100, 800] as const;

const leave: Nemesis = {
  name: 'leave and return',
  company: 'ends a process',
  holdMs: [0, 3_000],
  async inject(context) {
    const victim = await pickVictim(context, 'any');
    if (victim === undefined) return undefined;
    await victim.stop();
    return { what: `${victim.name} left, its shards before it`, heal: async () => victim.start() };
  },
};

/**
 * The node stays away for longer than a session and --replace-after together, so its shards are copied to others, and
 * back.
 */
const replaced: Nemesis = {
  name: 'kill until replaced',
  company: 'ends a process',
  holdMs: [7_000, 10_000],
  async inject(context) {
    const victim = await pickVictim(context, 'any');
    if (victim === undefined) return undefined;
    if (!(await killUnlessLast(context.cluster, victim))) return undefined;
    return { what: `${victim.name} killed and not started again`, heal: async () => victim.start() };
  },
};

const flap: Nemesis = {
  name: 'flap',
  company: 'ends a process',
  holdMs: [0, 0],
  async inject(context) {
    const victim = await pickVictim(context, 'any');
    if (victim === undefined) return undefined;
    let killed = 0;
    for (let times = 1; times <= flaps; times += 1) {
      if (await killUnlessLast(context.cluster, victim)) killed += 1;
      victim.start();
      if (times < flaps) await pause(between(flapPauseMs, context.random));
    }
    return { what: `${victim.name} killed and started again, ${killed} times`, heal: async () => {} };
  },
};

const twoJoin: Nemesis = {
  name: 'two join at once',
  company: 'alone',
  holdMs: [0, 1_000],
  async inject(context) {
    const joiners = [await pickVictim(context, 'any'), await pickVictim(context, 'any')].filter((node) => node !== undefined);
    for (const node of joiners) await node.stop();
    const heal = async (): Promise<void> => {
      for (const node of joiners) node.start();
    };
    return { what: `${joiners.map(({ name }) => name).join(' and ')} left, and join together`, heal };
  },
};

function killWhileJoining(part: Part): Nemesis {
  return duringMove(`kill ${part} while a node joins`, async (context, mover) => {
    await mover.stop();
    mover.start();
    return killIn(context, mover, part, []);
  });
}

function killWhileLeaving(part: Part): Nemesis {
  return duringMove(`kill ${part} while a node leaves`, async (context, mover) => {
    const stopped = mover.stop();
    const fault = await killIn(context, mover, part, [mover]);
    await stopped;
    return fault;
  });
}

const zookeeperAway = duringMove('stop ZooKeeper while a node joins', async ({ cluster, random }, mover) => {
  await mover.stop();
  mover.start();
  await findMove(cluster);
  await pause(between(intoTheMoveMs, random));
  for (const server of cluster.zookeepers) await server.kill();
  const heal = async (): Promise<void> => {
    for (const server of cluster.zookeepers) server.start();
    for (const server of cluster.zookeepers) await server.ready();
  };
  return { what: `ZooKeeper stopped while ${mover.name} joins`, heal };
});

function duringMove(
  name: string,
  inject: (context: FaultContext, mover: FaultNode) => Promise<ActiveFault | undefined>,
): Nemesis {
  return {
    name,
    company: 'alone',
    holdMs: [0, 5_000],
    async inject(context) {
      const mover = await pickVictim(context, 'any');
      if (mover === undefined) return undefined;
      const fault = await inject(context, mover);
      const heal = async (): Promise<void> => {
        await fault?.heal();
        mover.start();
      };
      return { what: fault?.what ?? `${mover.name} left and returned; no node could be killed meanwhile`, heal };
    },
  };
}

/**
 * Kills a node that has this part in the move, once no shard would lose its last member with it and the leaving nodes.
 */
async function killIn(
  { cluster, random, hit }: FaultContext,
  mover: FaultNode,
  part: Part,
  leaving: readonly FaultNode[],
): Promise<ActiveFault | undefined> {
  const left = leaving.map(({ address }) => address);
  const mayBeHit = (node: FaultNode): boolean => !leaving.includes(node) && (node === mover || !hit.has(node));
  for (let moving = await findMove(cluster); moving !== undefined; moving = await findMove(cluster)) {
    const { shard, nodeIds } = moving;
    const stayIds = nodeIds.filter((id) => !left.includes(id));
    const victimIds = part === 'controller' ? stayIds.slice(0, 1) : withPart(part, shard);
    const fits = (node: FaultNode): boolean => mayBeHit(node) && victimIds.includes(node.address);
    const victim = pickOne(cluster.nodes.filter(fits), random);
    if (victim === undefined) continue;
    await pause(between(intoTheMoveMs, random));
    if (!(await killUnlessLast(cluster, victim, leaving))) continue;
    return {
      what: `${victim.name} (${part}) killed while ${mover.name} ${leaving.length > 0 ? 'leaves' : 'joins'}`,
      heal: async () => victim.start(),
    };
  }
  return undefined;
}

/**
 * Kills a node unless some shard would lose its last in-sync member with it and the leaving nodes, and so its data by
 * design. On a busy machine sets shrink to one member by themselves. The node is frozen first, so that the checked
 * topology stays true.
 */
async function killUnlessLast(cluster: FaultCluster, victim: FaultNode, leaving: readonly FaultNode[] = []): Promise<boolean> {
  victim.freeze();
  await pause(underWayMs);
  const isLast = !(await cluster.canLose([victim, ...leaving]).catch(() => false));
  if (isLast) victim.thaw();
  else await victim.kill();
  return !isLast;
}

/**
 * Waits for a shard that moves. @returns it, and the nodes in the order of registration; undefined if none moved in
 * time
 */
async function findMove(cluster: FaultCluster): Promise<{ shard: ShardInfo; nodeIds: string[] } | undefined> {
  const endMs = performance.now() + movePatienceMs;
  while (performance.now() < endMs) {
    const topology = await cluster.topology().catch(() => undefined);
    const [shard] = topology === undefined ? [] : movingShards(topology);
    if (shard !== undefined) return { shard, nodeIds: topology!.nodes.map(({ id }) => id) };
    await pause(pollMs);
  }
  return undefined;
}

export const moveFaults: readonly Nemesis[] = [
  leave,
  replaced,
  flap,
  twoJoin,
  zookeeperAway,
  ...(['giver', 'taker', 'bystander', 'controller'] as const).map(killWhileJoining),
  ...(['taker', 'bystander', 'controller'] as const).map(killWhileLeaving),
];
