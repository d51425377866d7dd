/**
 * Recovers a cluster after ZooKeeper has lost data: waits until the nodes report their shards as offline, and plays
 * the operator.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { NodeStatus, ReplicaStatus } from '../../src/index.js';
import { type FaultCluster, NotInSyncError } from './fault-cluster.js';
import type { FaultNode } from './fault-node.js';
import { operate } from './operator.js';

const patienceMs = 60_000;
const pollMs = 100;
/**
 * The cluster must be well for this long: a node that was frozen or cut off may serve for a moment before it reads
 * ZooKeeper.
 */
const steadyMs = 8_000;

export interface Recovery {
  readonly cluster: FaultCluster;
  readonly print: (line: string) => void;
  /** The nodes that run and are not frozen. Default: all. */
  readonly nodes?: readonly FaultNode[];
}

/** Waits until every copy of the data is reported as offline. @throws NotInSyncError */
export async function waitUntilOffline({ cluster, nodes = cluster.nodes }: Recovery): Promise<void> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    const holders = (await answers(cluster, nodes))?.flatMap(({ replicas }) => replicas).filter(({ held }) => held);
    if (holders !== undefined && holders.length > 0 && holders.every(({ offline }) => offline)) return;
    if (performance.now() > endMs) throw new NotInSyncError(patienceMs, `not all report the loss: ${JSON.stringify(holders)}`);
    await pause(pollMs);
  }
}

/**
 * Plays the operator until every shard serves for `steadyMs` and no replica keeps data of another line. @throws
 * NotInSyncError
 */
export async function recover({ cluster, print, nodes = cluster.nodes }: Recovery): Promise<void> {
  const { shards } = await cluster.topology();
  const statuses = (): Promise<NodeStatus[] | undefined> => answers(cluster, nodes);
  const isDone = async (): Promise<boolean> => {
    const replicas = (await statuses())?.flatMap((status) => status.replicas) ?? [];
    return shards.every(({ shard }) => isWell(replicas.filter((replica) => replica.shard === shard)));
  };
  const endMs = performance.now() + patienceMs;
  for (let wellMs = Number.NaN; ; ) {
    await operate({ client: cluster.observer, statuses, isDone, patienceMs, print });
    if (!(await isDone())) wellMs = Number.NaN;
    else if (performance.now() - wellMs >= steadyMs) return;
    else if (Number.isNaN(wellMs)) wellMs = performance.now();
    if (performance.now() > endMs)
      throw new NotInSyncError(patienceMs, `the operator's commands do not help: ${JSON.stringify(await statuses())}`);
    await pause(pollMs);
  }
}

function isWell(replicas: readonly ReplicaStatus[]): boolean {
  return replicas.some(({ serving }) => serving) && replicas.every(({ offline, found }) => !offline && !found);
}

async function answers(cluster: FaultCluster, nodes: readonly FaultNode[]): Promise<NodeStatus[] | undefined> {
  const statuses = await cluster.statuses(nodes);
  return statuses.every((status) => status !== undefined) ? statuses : undefined;
}
