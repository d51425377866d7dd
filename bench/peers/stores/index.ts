/** Loads a store by its name. A client process loads only the client of its own store. */
import type { StoreName } from '../scenarios.js';
import type { PeerStore } from './store.js';

const load: Record<StoreName, () => Promise<PeerStore>> = {
  kvnode: async () => (await import('./kvnode.js')).kvnode,
  'kvnode-1-shard': async () => (await import('./kvnode.js')).kvnode1Shard,
  'kvnode-256-shards': async () => (await import('./kvnode.js')).kvnode256Shards,
  'kvnode-1-node': async () => (await import('./kvnode.js')).kvnode1Node,
  'kvnode-2-nodes': async () => (await import('./kvnode.js')).kvnode2Nodes,
  'kvnode-grpc': async () => (await import('./kvnode.js')).kvnodeGrpc,
  'kvnode-unary': async () => (await import('./kvnode.js')).kvnodeUnary,
  'kvnode-always': async () => (await import('./kvnode.js')).kvnodeAlways,
  'kvnode-interval': async () => (await import('./kvnode.js')).kvnodeInterval,
  flush: async () => (await import('./flush.js')).flush,
  redis: async () => (await import('./redis.js')).redis,
  'redis-wait': async () => (await import('./redis.js')).redisWait,
  'tcp-model': async () => (await import('./tcp-model.js')).tcpModel,
  etcd: async () => (await import('./etcd.js')).etcd,
  zookeeper: async () => (await import('./zookeeper.js')).zookeeper,
};

export function storeNamed(name: StoreName): Promise<PeerStore> {
  return load[name]();
}
