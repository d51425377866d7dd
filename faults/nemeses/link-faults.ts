/**
 * Faults of the network: packets are dropped silently, in one direction or both.
 *
 * Healing one cut heals all cuts in force: of several at once, the first to end ends the others as well.
 */
import type { FaultNode } from '../cluster/fault-node.js';
import { cutBothWays } from '../network/network.js';
import { type ActiveFault, type FaultContext, type Nemesis, pickOne, pickVictim } from './nemesis.js';

const holdMs = [1_500, 9_000] as const;

function linkFault(name: string, role: 'primary' | 'backup' | 'any', cut: Cut): Nemesis {
  return {
    name,
    company: 'cuts links',
    ...(cut === fromZookeeper ? {} : { needs: 'links between nodes' as const }),
    holdMs,
    async inject(context): Promise<ActiveFault | undefined> {
      const victim = await pickVictim(context, role);
      if (victim === undefined) return undefined;
      const what = await cut(context, victim);
      return { what, heal: () => context.cluster.network.heal() };
    },
  };
}

type Cut = (context: FaultContext, victim: FaultNode) => Promise<string>;

const fromOneNode: Cut = async ({ cluster, random }, victim) => {
  const other = pickOther(cluster.nodes, victim, random);
  await cutBothWays(cluster.network, victim.place, other.place);
  return `${victim.name} and ${other.name} cut off from each other`;
};

const oneWay: Cut = async ({ cluster, random }, victim) => {
  const other = pickOther(cluster.nodes, victim, random);
  const [from, to] = random() < 0.5 ? [victim, other] : [other, victim];
  await cluster.network.cut(from.place, to.place);
  return `nothing from ${from.name} reaches ${to.name}`;
};

const fromZookeeper: Cut = async ({ cluster }, victim) => {
  for (const server of cluster.zookeepers) await cutBothWays(cluster.network, victim.place, server.place);
  return `${victim.name} cut off from ZooKeeper`;
};

const fromAllButZookeeper: Cut = async ({ cluster }, victim) => {
  const others = cluster.nodes.filter((node) => node !== victim).map((node) => node.place);
  for (const place of [...others, cluster.clients]) await cutBothWays(cluster.network, victim.place, place);
  return `${victim.name} cut off from everything but ZooKeeper`;
};

const fromOtherNodes: Cut = async ({ cluster }, victim) => {
  for (const node of cluster.nodes) if (node !== victim) await cutBothWays(cluster.network, victim.place, node.place);
  return `${victim.name} cut off from every other node, not from clients and ZooKeeper`;
};

const fromEverything: Cut = async (context, victim) => {
  await fromAllButZookeeper(context, victim);
  await fromZookeeper(context, victim);
  return `${victim.name} cut off from everything`;
};

/** The old primary still reaches its clients: its answers to them must not be stale. */
const withClientsOnly: Cut = async (context, victim) => {
  await fromOtherNodes(context, victim);
  await fromZookeeper(context, victim);
  return `${victim.name} cut off from everything but clients`;
};

export const zookeeperCuts = [
  linkFault('cut primary, ZooKeeper only', 'primary', fromZookeeper),
  linkFault('cut any node, ZooKeeper only', 'any', fromZookeeper),
];

export const nodeCuts = [
  linkFault('cut primary from a node', 'primary', fromOneNode),
  linkFault('cut two nodes', 'any', fromOneNode),
  linkFault('cut one way', 'primary', oneWay),
  linkFault('cut primary from all but ZooKeeper', 'primary', fromAllButZookeeper),
  linkFault('cut primary from nodes', 'primary', fromOtherNodes),
  linkFault('cut primary from all', 'primary', fromEverything),
  linkFault('cut primary from all but clients', 'primary', withClientsOnly),
];

function pickOther(nodes: readonly FaultNode[], victim: FaultNode, random: () => number): FaultNode {
  const other = pickOne(
    nodes.filter((node) => node !== victim),
    random,
  );
  if (other === undefined) throw new Error('there is no other node');
  return other;
}
