/**
 * Writes the configuration of a cluster ahead of its first node, or checks that the stored configuration is the same.
 */
import { locateRoot } from '../config/index.js';
import { KvError } from '../errors.js';
import { agreeOnConfig } from './cluster-config.js';
import type { ClusterConfig } from './coordinator.js';
import { ZnodeError } from './znode-client.js';
import { ZnodePaths } from './znode-paths.js';
import { ZookeeperClient } from './zookeeper/zookeeper-client.js';

/** Any session timeout will do, since nothing is registered. A server may raise it. */
const sessionMs = 4_000;

export interface Initialized {
  readonly config: ClusterConfig;
  /** False: the same configuration was already stored. */
  readonly created: boolean;
}

/**
 * @throws KvError CONFIG_MISMATCH naming each option whose stored value differs; COORDINATION_UNAVAILABLE if ZooKeeper
 *   does not answer within `timeoutMs`, after which the configuration may have been written; INVALID_OPTION
 */
export async function initializeCluster(
  zk: string,
  root: string,
  wanted: ClusterConfig,
  timeoutMs: number,
): Promise<Initialized> {
  const location = locateRoot(zk, root);
  const deadlineMs = performance.now() + timeoutMs;
  const client = await ZookeeperClient.connect({ servers: location.servers, sessionMs, startupTimeoutMs: timeoutMs });
  // Closing the client rejects every pending request.
  const timer = setTimeout(() => void client.close(), Math.max(1, deadlineMs - performance.now()));
  try {
    const config = await agreeOnConfig(client, new ZnodePaths(location.root).config, wanted);
    return { config, created: config.clusterId === wanted.clusterId };
  } catch (cause) {
    if (!(cause instanceof ZnodeError)) throw cause;
    throw new KvError('COORDINATION_UNAVAILABLE', `ZooKeeper at --zk ${zk} stopped answering`, {
      cause,
      executed: 'unknown',
    });
  } finally {
    clearTimeout(timer);
    await client.close();
  }
}
