/** Shared by the tests of the client: a fresh fake cluster for each test, and clients that are closed after it. */
import { afterEach, beforeEach } from 'vitest';
import { KvClient, type KvClientOptions, KvError } from '../../../src/index.js';
import { FakeCluster, type Fate } from './fake-cluster.js';

export let cluster: FakeCluster;
let clients: KvClient[];

/** Each test file calls this once. */
export function useFakeCluster(): void {
  beforeEach(async () => {
    cluster = await FakeCluster.start(3);
    clients = [];
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await cluster.stop();
  });
}

/** Replaces the cluster of one shard with which every test begins. */
export async function startCluster(nodes: number, shards: number): Promise<void> {
  await cluster.stop();
  cluster = await FakeCluster.start(nodes, shards);
}

export async function connect(options: Partial<KvClientOptions> = {}): Promise<KvClient> {
  const client = await KvClient.connect({ nodes: cluster.addresses, ...options } as KvClientOptions);
  clients.push(client);
  return client;
}

export async function failure(work: Promise<unknown>): Promise<KvError> {
  const outcome = await work.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );
  if (!(outcome instanceof KvError)) throw new Error(`expected a KvError, got ${JSON.stringify(outcome)}`);
  return outcome;
}

/** Fails the first `times` requests of a method. */
export function failFirst(method: string, times: number, fate: () => Fate): void {
  let failed = 0;
  cluster.judge = (called) => {
    if (called !== method || failed >= times) return 'serve';
    failed += 1;
    return fate();
  };
}
