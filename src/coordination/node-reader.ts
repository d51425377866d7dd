/** Reads the registrations of live nodes, in order of registration. A malformed znode is logged and left out. */
import type { Logger } from 'pino';
import type { NodeRegistration } from './coordinator.js';
import type { ZnodeClient } from './znode-client.js';
import { type NodeZnode, parseNode } from './znode-data.js';
import { drainedIds, inOrder } from './znode-paths.js';

export interface RegisteredNode extends NodeZnode {
  /** The sequence number of its znode: grows with every registration. */
  readonly order: number;
}

export interface RegisteredNodes {
  readonly nodes: readonly RegisteredNode[];
  /** The nodes that are marked as draining, registered or not. Sorted. */
  readonly drainingIds: readonly string[];
  /**
   * The number of registrations and marks created or deleted so far, as ZooKeeper counts it. It restarts if ZooKeeper
   * loses its data.
   */
  readonly childVersion: number;
}

/**
 * Reads every registration. A restarted node may have two, since its old session lasts until it times out.
 */
export async function readNodes(
  client: ZnodeClient,
  path: string,
  watch: boolean,
  logger: Logger | undefined,
): Promise<RegisteredNodes> {
  const { names, version: childVersion } = (await client.children(path, { watch })) ?? { names: [], version: 0 };
  const found = await Promise.all(
    inOrder(names).map(async ({ name, order }) => {
      // The data is watched as well, because a node announces in its znode that it leaves.
      const znode = await client.get(`${path}/${name}`, { watch });
      if (znode === undefined) return undefined;
      try {
        return { ...parseNode(znode.data), order };
      } catch (error) {
        logger?.error({ path: `${path}/${name}`, err: error }, 'malformed znode ignored');
        return undefined;
      }
    }),
  );
  return { nodes: found.filter((node) => node !== undefined), drainingIds: drainedIds(names), childVersion };
}

/** Keeps the latest registration of each node id, at its place in the order. */
export function latestById(nodes: readonly RegisteredNode[]): readonly RegisteredNode[] {
  return nodes.filter((node, index) => !nodes.slice(index + 1).some((later) => later.nodeId === node.nodeId));
}

/** The part of a registration that other nodes use. */
export function registrationOf({ instance: _, order: __, ...registration }: RegisteredNode): NodeRegistration {
  return registration;
}

/** The order of this process's latest registration, if it is still among `nodes`. */
export function ownOrder(nodes: readonly RegisteredNode[], instance: string): number | undefined {
  return nodes.findLast((node) => node.instance === instance)?.order;
}

/** A registration by another process under the same node id, made after `order`. */
export function laterNamesake(
  nodes: readonly RegisteredNode[],
  nodeId: string,
  instance: string,
  order: number,
): RegisteredNode | undefined {
  return nodes.find((node) => node.nodeId === nodeId && node.instance !== instance && node.order > order);
}
