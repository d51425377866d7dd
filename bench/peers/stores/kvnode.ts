/** kvnode itself, with its defaults, with other numbers of nodes and shards, with its data on disk, and with each way of its client. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalClusterOptions } from '../../../local/local-cluster.js';
import { optionSpecs } from '../../../src/config/index.js';
import { KvClient, type KvClientOptions } from '../../../src/index.js';
import { startSettledCluster } from '../../goals/settled-cluster.js';
import type { PeerStore, RunningStore, StoreClient } from './store.js';

interface Variant {
  readonly title: string;
  readonly nodes?: 1 | 2 | 3;
  readonly shards?: number;
  /** Each node has a data directory. Default: in memory. */
  readonly durability?: 'always' | 'interval';
  readonly client?: Pick<KvClientOptions, 'api' | 'transport'>;
  /** How operations travel, for the note. */
  readonly way?: string;
}

/** Longer than any operation of a normal measurement takes. A longer operation is a failure. */
const deadlineMs = 60_000;
/** The largest number in flight of a scenario, so that the client never delays an operation. */
const maxInFlight = 1_024;

const places = {
  memory: 'in memory',
  always: 'on disk: each node that holds a write has flushed it before the answer; the folders are in TMPDIR',
  interval:
    'on disk: each node that holds a write has written it to its log before the answer, and flushes the log once a second; the folders are in TMPDIR',
} as const;

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

export const kvnodeAlways = storeOf({ title: 'kvnode, always', durability: 'always' });
export const kvnodeInterval = storeOf({ title: 'kvnode, interval', durability: 'interval' });

function storeOf(variant: Variant): PeerStore {
  const { title, nodes = 3, shards = optionSpecs.shards.default, durability, client = {}, way } = variant;
  const servers = nodes === 1 ? 'one node' : `${nodes} nodes, a write is acknowledged when all of them hold it`;
  const travel = way ?? 'operations in batches on one stream to each node';
  return {
    title,
    note: `${title}: ${servers}; shards: ${shards}; ${places[durability ?? 'memory']}; reads are linearizable; one ZooKeeper server beside it; ${travel}.`,
    start: () => (durability === undefined ? startCluster({ nodes, shards }) : startOnDisk({ nodes, shards, durability })),
    connect: (addresses) => connect(addresses, client),
  };
}

async function startCluster(options: LocalClusterOptions): Promise<RunningStore> {
  const cluster = await startSettledCluster(options);
  return { addresses: cluster.addresses, pids: cluster.nodes.map(({ pid }) => pid), stop: () => cluster.kill() };
}

/** The folder with the data of all nodes is new, and is removed when the store stops. */
async function startOnDisk({
  nodes,
  shards,
  durability,
}: Required<Pick<Variant, 'nodes' | 'shards' | 'durability'>>): Promise<RunningStore> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kvnode-bench-data-'));
  const remove = (): Promise<void> => rm(dataDir, { recursive: true, force: true });
  try {
    const running = await startCluster({ nodes, shards, dataDir, extra: ['--durability', durability] });
    return { ...running, stop: () => running.stop().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function connect(addresses: readonly string[], options: Variant['client']): Promise<StoreClient> {
  const client = await KvClient.connect({ nodes: addresses, deadlineMs, maxInFlight, ...options });
  return {
    put: (key, value) => client.put(key, value),
    get: async (key) => (await client.get(key))?.value,
    close: () => client.close(),
  };
}
