/** Chooses the cluster that kvctl connects to: the named nodes, or the nodes that are registered in ZooKeeper. */
import type { KvClient } from '../../client/index.js';
import { type ClusterPlace, parseAddressList, resolveClusterPlace } from '../../config/index.js';
import { KvError } from '../../errors.js';

export interface ConnectionOptions {
  /** host:port[,host:port...] */
  readonly nodes: string | undefined;
  readonly zk: string | undefined;
  readonly root: string | undefined;
}

const nodesVariable = 'KVNODE_NODES';

/** Options win over the environment. KVNODE_NODES wins over KVNODE_ZK, because it needs no ZooKeeper. */
export function chooseTarget(
  { nodes, zk, root }: ConnectionOptions,
  environment: Readonly<Record<string, string | undefined>>,
): { nodes: string[] } | ClusterPlace {
  if (nodes !== undefined && zk !== undefined) throw new KvError('INVALID_OPTION', '--nodes and --zk exclude each other');
  if (nodes !== undefined && root !== undefined) throw new KvError('INVALID_OPTION', '--nodes and --root exclude each other');
  const saysZooKeeper = zk !== undefined || root !== undefined;
  const addresses = nodes ?? (saysZooKeeper ? undefined : environment[nodesVariable] || undefined);
  if (addresses === undefined) return resolveClusterPlace({ zk, root }, environment);
  return { nodes: parseAddressList(addresses, nodes === undefined ? nodesVariable : '--nodes') };
}

/** Describes what `connect` waits for. */
export function describeConnecting(options: ConnectionOptions): string {
  const target = chooseTarget(options, process.env);
  if ('nodes' in target) return `no node has answered yet at ${target.nodes.join(', ')}`;
  return `no node under ${target.root} has answered yet; their addresses come from ZooKeeper at ${target.zk}`;
}

export async function connect(options: ConnectionOptions, deadlineMs: number): Promise<KvClient> {
  const target = chooseTarget(options, process.env);
  const { KvClient } = await import('../../client/index.js');
  return KvClient.connect({ ...target, deadlineMs });
}
