/** kvnode itself, with one to three nodes, and with each API of its client. */
import { LocalCluster } from '../../../local/local-cluster.js';
import { KvClient, type KvClientOptions } from '../../../src/index.js';
import type { PeerStore, RunningStore, StoreClient } from './store.js';

interface Variant {
  readonly title: string;
  readonly nodes: 1 | 2 | 3;
  /** The API of the client. Default: the client's own, pipeline. */
  readonly api?: KvClientOptions['api'];
}

/** Longer than any operation of a normal measurement takes. A longer operation is a failure. */
const deadlineMs = 60_000;
/** The largest number in flight of a scenario, so that the client never delays an operation. */
const maxInFlight = 1_024;

export const kvnode = storeOf({ title: 'kvnode', nodes: 3 });
export const kvnode1 = storeOf({ title: 'kvnode, 1 node', nodes: 1 });
export const kvnode2 = storeOf({ title: 'kvnode, 2 nodes', nodes: 2 });
export const kvnodeUnary = storeOf({ title: 'kvnode, one call each', nodes: 3, api: 'unary' });

function storeOf({ title, nodes, api }: Variant): PeerStore {
  const servers = nodes === 1 ? 'one node' : `${nodes} nodes, a write is acknowledged when all of them hold it`;
  const way = api === 'unary' ? 'one gRPC call for each operation' : 'operations in batches on one stream';
  return {
    title,
    note: `${title}: ${servers}; in memory; reads are linearizable; one ZooKeeper server beside it; ${way}.`,
    start: () => start(nodes),
    connect: (addresses) => connect(addresses, api),
  };
}

async function start(nodes: number): Promise<RunningStore> {
  const cluster = await LocalCluster.start({ nodes, extra: ['--min-in-sync', String(nodes)] });
  return { addresses: cluster.addresses, stop: () => cluster.kill() };
}

async function connect(addresses: readonly string[], api: Variant['api']): Promise<StoreClient> {
  const client = await KvClient.connect({ nodes: addresses, deadlineMs, maxInFlight, ...(api && { api }) });
  return {
    put: (key, value) => client.put(key, value),
    get: async (key) => (await client.get(key))?.value,
    close: () => client.close(),
  };
}
