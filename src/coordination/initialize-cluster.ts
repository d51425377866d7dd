/**
 * Writes the configuration of a cluster ahead of its first node, or checks that the stored configuration is the same.
 */
import { withZookeeper } from './brief-session.js';
import { agreeOnConfig } from './cluster-config.js';
import type { ClusterConfig } from './coordinator.js';

export interface Initialized {
  readonly config: ClusterConfig;
  /** False: the same configuration was already stored. */
  readonly created: boolean;
}

/**
 * @throws KvError CONFIG_MISMATCH naming each option whose stored value differs; UNSUPPORTED_FORMAT;
 *   COORDINATION_UNAVAILABLE if ZooKeeper does not answer within `timeoutMs`, after which the configuration may have been
 *   written; INVALID_OPTION
 */
export function initializeCluster(zk: string, root: string, wanted: ClusterConfig, timeoutMs: number): Promise<Initialized> {
  return withZookeeper({ zk, root, timeoutMs }, 'unknown', async (client, paths) => {
    const config = await agreeOnConfig(client, paths.config, wanted);
    return { config, created: config.clusterId === wanted.clusterId };
  });
}
