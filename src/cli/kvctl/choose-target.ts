/** Chooses the cluster that kvctl connects to: the named nodes, or the nodes that are registered in ZooKeeper. */
import type { Environment } from '../../config/environment.js';
import { type ClusterPlace, resolveClusterPlace } from '../../config/index.js';
import { type ConnectionOptions, namedNodes } from './named-nodes.js';

/** Options win over the environment. KVNODE_NODES wins over KVNODE_ZK, because it needs no ZooKeeper. @throws KvError INVALID_OPTION */
export function chooseTarget(options: ConnectionOptions, environment: Environment): { readonly nodes: string[] } | ClusterPlace {
  const nodes = namedNodes(options, environment);
  return nodes === undefined ? resolveClusterPlace(options, environment) : { nodes };
}
