/**
 * ZooKeeper restarts empty, as in docs/operations.md: the nodes keep their data, and an operator resumes the shards
 * with it. Every member of the in-sync set lives, or one with the same knowledge, so no acknowledged write may be
 * lost.
 *
 * Only the primary knows the commit index of the last writes, and the command raises the versions of entries that are
 * not known to be committed (R13). So the primary is never killed between the loss and the command.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type FaultCluster, NotInSyncError } from '../cluster/fault-cluster.js';
import type { FaultNode } from '../cluster/fault-node.js';
import { recover, waitUntilOffline } from '../cluster/recover.js';
import { syncPatienceMs } from '../profiles/profile.js';
import { between, type FaultContext, type Nemesis, pickVictim } from './nemesis.js';

/** Longer than a session of any profile. */
const beyondSessionMs = [7_000, 10_000] as const;
const awayMs = [0, 8_000] as const;
/** The range of delays after a start, so that the loss hits any moment of a join or of a takeover. */
const intoTheJoinMs = [0, 1_500] as const;

const pollMs = 100;

/** The steps around a loss. Each step after the first receives the node that `before` chose. */
interface Story {
  readonly name: string;
  /** Runs before the loss. @returns the node that the other steps concern */
  readonly before?: (context: FaultContext) => Promise<FaultNode | undefined>;
  /** Runs while ZooKeeper is stopped and has lost everything. */
  readonly away?: (context: FaultContext, node: FaultNode) => Promise<void>;
  /** Runs when ZooKeeper is back, empty. */
  readonly back?: (context: FaultContext, node: FaultNode) => Promise<void>;
  /** Runs after the operator's commands. */
  readonly after?: (context: FaultContext, node: FaultNode) => Promise<void>;
}

function loss({ name, before, away, back, after }: Story): Nemesis {
  return {
    name,
    company: 'alone',
    holdMs: awayMs,
    async inject(context) {
      const { cluster, print } = context;
      const node = before === undefined ? cluster.nodes[0] : await before(context);
      if (node === undefined) return undefined;
      for (const server of cluster.zookeepers) await server.loseData();
      await away?.(context, node);
      const heal = async (): Promise<void> => {
        await startAll(cluster);
        print('ZooKeeper is back, empty');
        await back?.(context, node);
        await recover({ cluster, print });
        await after?.(context, node);
      };
      return { what: `${name} (${node.name})`, heal };
    },
  };
}

export async function startAll({ zookeepers }: FaultCluster): Promise<void> {
  for (const server of zookeepers) server.start();
  for (const server of zookeepers) await server.ready();
}

/** Freezes these nodes for longer than a session, so that all their registrations end. */
export async function freezeBeyondSession(nodes: readonly FaultNode[], { random, print }: FaultContext): Promise<void> {
  for (const node of nodes) node.freeze();
  print(`${nodes.map(({ name }) => name).join(', ')} frozen`);
  await pause(between(beyondSessionMs, random));
  for (const node of nodes) node.thaw();
  print('thawed');
}

function others({ nodes }: FaultCluster, node: FaultNode): FaultNode[] {
  return nodes.filter((one) => one !== node);
}

/** Waits until every shard is served by a node other than this one. @throws NotInSyncError */
async function waitForPrimaries(cluster: FaultCluster, node: FaultNode | undefined): Promise<void> {
  const endMs = performance.now() + syncPatienceMs;
  for (;;) {
    const { shards } = await cluster.topology();
    if (shards.every(({ serving, primaryAddress }) => serving && primaryAddress !== node?.address)) return;
    if (performance.now() > endMs) throw new NotInSyncError(syncPatienceMs, 'not every shard has a primary again');
    await pause(pollMs);
  }
}

async function stopOne(context: FaultContext): Promise<FaultNode | undefined> {
  const node = await pickVictim(context, 'any');
  await node?.stop();
  return node;
}

const plain = loss({ name: 'lose everything' });

const newNodeWaits = loss({
  name: 'lose everything, a new node waits for ZooKeeper',
  before: stopOne,
  away: async (_, node) => node.start(),
});

const newNodeAlone = loss({
  name: 'lose everything, the holders freeze beside a new node',
  before: stopOne,
  async back(context, node) {
    const holders = others(context.cluster, node);
    await waitUntilOffline({ ...context, nodes: holders });
    node.start();
    await pause(between(intoTheJoinMs, context.random));
    await freezeBeyondSession(holders, context);
  },
});

const newNodeFirst = loss({
  name: 'lose everything, the holders are frozen until a new node has registered',
  before: stopOne,
  async away({ cluster }, node) {
    for (const holder of others(cluster, node)) holder.freeze();
  },
  async back({ cluster, random }, node) {
    node.start(['--join']);
    await pause(between(beyondSessionMs, random));
    for (const holder of others(cluster, node)) holder.thaw();
  },
});

const killed = loss({
  name: 'kill a node, lose everything, start it again',
  async before(context) {
    const node = await pickVictim(context, 'any');
    await node?.kill();
    await waitForPrimaries(context.cluster, node);
    await pause(between(intoTheJoinMs, context.random));
    return node;
  },
  async back({ random }, node) {
    await pause(between(intoTheJoinMs, random));
    node.start();
  },
});

const joining = loss({
  name: 'lose everything while a node joins',
  async before(context) {
    const node = await stopOne(context);
    node?.start();
    await pause(between(intoTheJoinMs, context.random));
    return node;
  },
});

const twice = loss({
  name: 'lose everything twice',
  async after({ cluster, random, print }) {
    await pause(between([0, 1_000], random));
    for (const server of cluster.zookeepers) await server.loseData();
    await startAll(cluster);
    print('ZooKeeper is back, empty again');
    await recover({ cluster, print });
  },
});

/** For one shard only: the frozen or killed node is never the primary. */
const withoutBackup = loss({
  name: 'lose everything, the command runs while a backup is frozen',
  before: (context) => pickVictim(context, 'backup'),
  away: async (_, node) => node.freeze(),
  async back(context, node) {
    const live = others(context.cluster, node);
    await waitUntilOffline({ ...context, nodes: live });
    await recover({ ...context, nodes: live });
    await pause(between(intoTheJoinMs, context.random));
    node.thaw();
  },
});

const backupKilled = loss({
  name: 'lose everything, a backup is killed',
  before: (context) => pickVictim(context, 'backup'),
  away: (_, node) => node.kill(),
  back: async (_, node) => node.start(),
});

export const lossesOfMany: readonly Nemesis[] = [plain, newNodeWaits, newNodeAlone, newNodeFirst, killed, joining, twice];
export const lossesOfOne: readonly Nemesis[] = [...lossesOfMany, withoutBackup, backupKilled];
