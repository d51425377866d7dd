/**
 * ZooKeeper is stopped and started with an older copy of its data, like a restored backup. Then its data is older than
 * the knowledge of the live nodes, and an operator resumes the offline shards.
 *
 * If no live process knows a newer state, the loss cannot be detected (R7), and acknowledged writes may be lost. So
 * every live node learns the newest state before ZooKeeper goes back. The one exception is a frozen backup that was
 * taken out of the set: then the primary knows the newest state.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { FaultNode } from '../cluster/fault-node.js';
import { recover } from '../cluster/recover.js';
import { syncPatienceMs } from '../profiles/profile.js';
import { between, type FaultContext, type Nemesis, type NodeRole, pickVictim } from './nemesis.js';
import { freezeBeyondSession, startAll } from './zookeeper-losses.js';

type Change = (context: FaultContext) => Promise<unknown>;

const awayMs = [0, 6_000] as const;
const beforeMs = [500, 5_000] as const;
/** The range of the copy's age. With `chanceOfLongAge` the age is `longAgeMs`. */
const ageMs = [0, 10_000] as const;
const longAgeMs = 60_000;
const chanceOfLongAge = 0.1;
const chanceOfFreeze = 0.25;
/** Longer than a lease and a grace of any profile. */
const replacedMs = [4_500, 6_500] as const;

function rollback(name: string, change: Change): Nemesis {
  return {
    name: `go back before ${name}`,
    company: 'alone',
    holdMs: awayMs,
    async inject(context) {
      const { cluster, random, print } = context;
      for (const server of cluster.zookeepers) await server.backUp();
      await pause(between(beforeMs, random));
      await change(context);
      await pause(random() < chanceOfLongAge ? longAgeMs : between(ageMs, random));
      await cluster.waitForSync(syncPatienceMs);
      for (const server of cluster.zookeepers) await server.goBack();
      const heal = async (): Promise<void> => {
        await startAll(cluster);
        print('ZooKeeper is back with older data');
        if (random() < chanceOfFreeze) await freezeBeyondSession(cluster.nodes, context);
        await recover({ cluster, print });
      };
      return { what: `ZooKeeper goes back before ${name}`, heal };
    },
  };
}

async function replace(context: FaultContext, role: NodeRole, end: (node: FaultNode) => Promise<unknown>): Promise<void> {
  const node = await pickVictim(context, role);
  if (node === undefined) return;
  await end(node);
  node.start();
  await context.cluster.waitForSync(syncPatienceMs);
  context.hit.delete(node);
}

const kill =
  (role: NodeRole): Change =>
  (context) =>
    replace(context, role, (node) => node.kill());
const handover: Change = (context) => replace(context, 'primary', (node) => node.stop());

/** The frozen node is taken out of the in-sync set, or replaced as primary, and rejoins the set later. */
const freeze =
  (role: NodeRole): Change =>
  async (context) => {
    const node = await pickVictim(context, role);
    if (node === undefined) return;
    node.freeze();
    await pause(between(replacedMs, context.random));
    node.thaw();
    context.hit.delete(node);
  };

const command: Change = async ({ cluster, print }) => {
  // This leaves the copy, which lies beside the data.
  for (const server of cluster.zookeepers) await server.loseData();
  await startAll(cluster);
  await recover({ cluster, print });
};

const changes: readonly Change[] = [kill('primary'), kill('any'), handover, freeze('primary'), freeze('any')];
const mostChanges = 4;

const several: Change = async (context) => {
  for (let left = 2 + Math.floor(context.random() * (mostChanges - 1)); left > 0; left -= 1)
    await changes[Math.floor(context.random() * changes.length)]!(context);
};

/** For one shard only: the frozen node is a backup, and the primary knows the newest state and continues. */
const frozenBackup: Nemesis = {
  name: 'go back while an evicted backup is frozen',
  company: 'alone',
  holdMs: awayMs,
  async inject(context) {
    const { cluster, random, print } = context;
    for (const server of cluster.zookeepers) await server.backUp();
    const node = await pickVictim(context, 'backup');
    if (node === undefined) return undefined;
    node.freeze();
    await pause(between(replacedMs, random));
    for (const server of cluster.zookeepers) await server.goBack();
    const heal = async (): Promise<void> => {
      await startAll(cluster);
      await pause(between(beforeMs, random));
      node.thaw();
      print(`ZooKeeper is back with older data, ${node.name} thawed`);
      await recover({ cluster, print });
    };
    return { what: `ZooKeeper goes back while ${node.name} is frozen`, heal };
  },
};

export const rollbacksOfMany: readonly Nemesis[] = [
  rollback('nothing', async () => {}),
  rollback('a failover', kill('primary')),
  rollback('a handover', handover),
  rollback('a restart', kill('any')),
  rollback('an eviction', freeze('any')),
  rollback('a primary was replaced', freeze('primary')),
  rollback('a command', command),
  rollback('several changes', several),
];
export const rollbacksOfOne: readonly Nemesis[] = [...rollbacksOfMany, frozenBackup];
