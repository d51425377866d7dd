/**
 * Nodes that keep their data on disk lose power: SIGKILL of several at the same moment, under load. Then they start again,
 * in random order, some of them later, and power may be lost again before all are back.
 *
 * The operating system lives on, so nothing is lost that a process has written, flushed or not. What an operating system
 * loses is covered by the tests of the log (src/storage/wal/crash.test.ts).
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { FaultNode } from '../cluster/fault-node.js';
import { between, type FaultContext, type Nemesis, pickVictim } from './nemesis.js';
import { type PowerLoss, planPowerLosses } from './plan-power-losses.js';
import { startAll } from './zookeeper-losses.js';

interface Outage {
  readonly name: string;
  readonly victims: 'one' | 'two' | 'all';
  /** The range of the number of losses in a row. */
  readonly losses: readonly [number, number];
  /** Whether ZooKeeper loses power with the nodes. It keeps its data, too. */
  readonly withZookeeper: boolean;
}

/** The range of the time without power. */
const offMs = [0, 2_000] as const;

function outage({ name, victims, losses: [least, most], withZookeeper }: Outage): Nemesis {
  return {
    name,
    company: 'alone',
    holdMs: offMs,
    async inject(context) {
      const { cluster, random } = context;
      const nodes = await pickNodes(context, victims);
      const losses = least + Math.floor(random() * (most - least + 1));
      const plan = planPowerLosses(nodes, losses, random);
      const servers = withZookeeper ? cluster.zookeepers : [];
      const cutPower = async (): Promise<void> => {
        await Promise.all([...nodes, ...servers].map((one) => one.kill()));
      };
      await cutPower();
      const heal = async (): Promise<void> => {
        for (const [index, loss] of plan.entries()) {
          if (index > 0) {
            await cutPower();
            context.print(`loss ${index + 1} of ${losses}`);
            await pause(between(offMs, random));
          }
          // Nodes that find no ZooKeeper end, and are started again until they find it.
          await Promise.all([withZookeeper ? startAll(cluster) : undefined, startNodes(loss, context)]);
          await pause(loss.upMs);
        }
      };
      const names = [...nodes.map((node) => node.name), ...servers.map(({ place }) => place.name)];
      return { what: `loss 1 of ${losses}: ${names.join(', ')} without power`, heal };
    },
  };
}

async function pickNodes(context: FaultContext, victims: Outage['victims']): Promise<FaultNode[]> {
  if (victims === 'all') {
    for (const node of context.cluster.nodes) context.hit.add(node);
    return [...context.cluster.nodes];
  }
  const first = await pickVictim(context, 'any');
  const second = victims === 'two' ? await pickVictim(context, 'any') : undefined;
  return [first, second].filter((node) => node !== undefined);
}

async function startNodes({ starts }: PowerLoss<FaultNode>, { print }: FaultContext): Promise<void> {
  for (const { node, afterMs } of starts) {
    await pause(afterMs);
    node.start();
    print(`${node.name} started after ${Math.round(afterMs)} ms`);
  }
}

export const powerLosses: readonly Nemesis[] = [
  outage({ name: 'power of all', victims: 'all', losses: [1, 1], withZookeeper: false }),
  outage({ name: 'power of all, several times', victims: 'all', losses: [2, 4], withZookeeper: false }),
  outage({ name: 'power of all and ZooKeeper', victims: 'all', losses: [1, 2], withZookeeper: true }),
  outage({ name: 'power of a pair', victims: 'two', losses: [1, 2], withZookeeper: false }),
  outage({ name: 'power of one', victims: 'one', losses: [1, 1], withZookeeper: false }),
];
