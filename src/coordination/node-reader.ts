/** Reads which nodes are live, in order of registration; what cannot be understood is logged and left out. */
import type { Logger } from 'pino';
import type { NodeRegistration } from './coordinator.js';
import type { ZnodeClient } from './znode-client.js';
import { type NodeZnode, parseNode } from './znode-data.js';
import { inOrder } from './znode-paths.js';

export interface RegisteredNode extends NodeZnode {
  /** Of its znode: grows with every registration. */
  readonly order: number;
}

export interface RegisteredNodes {
  readonly nodes: readonly RegisteredNode[];
  /** ZooKeeper's count of registrations that came or went. It begins again where ZooKeeper has lost its data. */
  readonly childVersion: number;
}

/**
 * Every registration, also those of one node twice: an old session of a node that restarted lasts until it times out.
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
      // Watched with the others, because a node announces here that it leaves.
      const znode = await client.get(`${path}/${name}`, { watch });
      if (znode === undefined) return undefined;
      try {
        return { ...parseNode(znode.data), order };
      } catch (error) {
        logger?.error({ path: `${path}/${name}`, err: error }, 'znode left out of account');
        return undefined;
      }
    }),
  );
  return { nodes: found.filter((node) => node !== undefined), childVersion };
}

/** One registration per node id: the latest, in its place. */
export function latestById(nodes: readonly RegisteredNode[]): readonly RegisteredNode[] {
  return nodes.filter((node, index) => !nodes.slice(index + 1).some((later) => later.nodeId === node.nodeId));
}

/** What concerns others. */
export function registrationOf({ instance: _, order: __, ...registration }: RegisteredNode): NodeRegistration {
  return registration;
}

/** When this process registered last, as far as that is still to be seen. */
export function ownOrder(nodes: readonly RegisteredNode[], instance: string): number | undefined {
  return nodes.findLast((node) => node.instance === instance)?.order;
}

/** A registration by another process under the same id, after `order`. */
export function laterNamesake(
  nodes: readonly RegisteredNode[],
  nodeId: string,
  instance: string,
  order: number,
): RegisteredNode | undefined {
  return nodes.find((node) => node.nodeId === nodeId && node.instance !== instance && node.order > order);
}
