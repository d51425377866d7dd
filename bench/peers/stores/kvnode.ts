/** kvnode itself, with its defaults, with other numbers of nodes and shards, and with each way of its client. */
import { optionSpecs } from '../../../src/config/index.js';
import { KvClient, type KvClientOptions } from '../../../src/index.js';
import { startSettledCluster } from '../../goals/settled-cluster.js';
import type { PeerStore, RunningStore, StoreClient } from './store.js';

interface Variant {
  readonly title: string;
  readonly nodes?: 1 | 2 | 3;
  readonly shards?: number;
  readonly client?: Pick<KvClientOptions, 'api' | 'transport'>;
  /** How operations travel, for the note. */
  readonly way?: string;
}

/** Longer than any operation of a normal measurement takes. A longer operation is a failure. */
const deadlineMs = 60_000;
/** The largest number in flight of a scenario, so that the client never delays an operation. */
const maxInFlight = 1_024;

export const kvnode = storeOf({ title: 'kvnode' });
export const kvnode1Shard = storeOf({ title: 'kvnode, 1 shard', shards: 1 });
export const kvnode256Shards = storeOf({ title: 'kvnode, 256 shards', shards: 256 });
export const kvnode1Node = storeOf({ title: 'kvnode, 1 node', nodes: 1 });
export const kvnode2Nodes = storeOf({ title: 'kvnode, 2 nodes', nodes: 2 });
export const kvnodeGrpc = storeOf({
  title: 'kvnode, 1 shard, over gRPC',
  shards: 1,
  client: { transport: 'grpc' },
  way: 'operations in batches on one gRPC stream to each node',
});
export const kvnodeUnary = storeOf({
  title: 'kvnode, one call each',
  client: { api: 'unary' },
  way: 'one gRPC call for each operation',
});

function storeOf({ title, nodes = 3, shards = optionSpecs.shards.default, client = {}, way }: Variant): PeerStore {
  const servers = nodes === 1 ? 'one node' : `${nodes} nodes, a write is acknowledged when all of them hold it`;
  const travel = way ?? 'operations in batches on one stream to each node';
  return {
    title,
    note: `${title}: ${servers}; shards: ${shards}; in memory; reads are linearizable; one ZooKeeper server beside it; ${travel}.`,
    start: () => start(nodes, shards),
    connect: (addresses) => connect(addresses, client),
  };
}

async function start(nodes: number, shards: number): Promise<RunningStore> {
  const cluster = await startSettledCluster({ nodes, shards });
  return { addresses: cluster.addresses, pids: cluster.nodes.map(({ pid }) => pid), stop: () => cluster.kill() };
}

async function connect(addresses: readonly string[], options: Variant['client']): Promise<StoreClient> {
  const client = await KvClient.connect({ nodes: addresses, deadlineMs, maxInFlight, ...options });
  return {
    put: (key, value) => client.put(key, value),
    get: async (key) => (await client.get(key))?.value,
    close: () => client.close(),
  };
}
