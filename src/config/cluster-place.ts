/**
 * Where a cluster is registered: the one way for kvctl and kvbench to read --zk and --root, with the defaults of
 * kvnode.
 */
import type { Environment } from './environment.js';
import { resolveOptions } from './resolve.js';

export interface ClusterPlace {
  /** ZooKeeper's connection string in its canonical spelling. */
  readonly zk: string;
  /** The root znode, without a slash at its end; `/` is ZooKeeper's own root. */
  readonly root: string;
}

/**
 * @param given the values of the command line. An empty variable of the environment counts as not set.
 * @throws KvError INVALID_OPTION naming the flag or the variable, the value and the reason.
 */
export function resolveClusterPlace(
  given: { readonly zk?: string | undefined; readonly root?: string | undefined },
  { KVNODE_ZK, KVNODE_ROOT }: Environment,
): ClusterPlace {
  const { zk, root } = given;
  // KVNODE_CONFIG is left out: the config file belongs to a node.
  const { values } = resolveOptions({ commandLine: { zk, root }, environment: { KVNODE_ZK, KVNODE_ROOT }, used: ['zk', 'root'] });
  return { zk: values.zk, root: values.root };
}
