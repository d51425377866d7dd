/** A cluster for one test: ended with it, on the ZooKeeper that all tests of a run share. */
import { inject } from 'vitest';
import { LocalCluster, type LocalClusterOptions } from '../../../local/local-cluster.js';
import { zookeeperAt } from '../../../local/zookeeper.js';

export function startCluster(options: LocalClusterOptions = {}): Promise<LocalCluster> {
  return LocalCluster.start({ zookeeper: zookeeperAt(inject('zk')), ...options });
}
