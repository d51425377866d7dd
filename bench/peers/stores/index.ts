/** Loads a store by its name. A client process loads only the client of its own store. */
import type { StoreName } from '../scenarios.js';
import type { PeerStore } from './store.js';

const load: Record<StoreName, () => Promise<PeerStore>> = {
  kvnode: async () => (await import('./kvnode.js')).kvnode,
  'kvnode-1': async () => (await import('./kvnode.js')).kvnode1,
  'kvnode-2': async () => (await import('./kvnode.js')).kvnode2,
  'kvnode-unary': async () => (await import('./kvnode.js')).kvnodeUnary,
  redis: async () => (await import('./redis.js')).redis,
  'redis-wait': async () => (await import('./redis.js')).redisWait,
  etcd: async () => (await import('./etcd.js')).etcd,
  zookeeper: async () => (await import('./zookeeper.js')).zookeeper,
};

export function storeNamed(name: StoreName): Promise<PeerStore> {
  return load[name]();
}
