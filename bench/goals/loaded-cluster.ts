/** Starts a cluster with the number of keys that the goals about a large shard use. */
import type { LocalCluster, LocalClusterOptions } from '../../local/local-cluster.js';
import { KvClient, type PutOptions } from '../../src/index.js';
import { forEachKey } from '../for-each-key.js';
import { keyName } from '../options.js';
import { createValues } from '../peers/operations.js';
import { startSettledCluster } from './settled-cluster.js';

export const keyCount = 1_000_000;
export const valueBytes = 100;
const writesInFlight = 256;
const deadlineMs = 60_000;

/** @param put writes one key. */
export async function writeKeys(put: (key: string, value: Buffer) => Promise<unknown>, signal: AbortSignal): Promise<void> {
  const nextValue = createValues(valueBytes);
  await forEachKey({ from: 0, to: keyCount }, writesInFlight, async (keyIndex) => {
    signal.throwIfAborted();
    await put(keyName(keyIndex), nextValue());
  });
}

/** @param options of each put */
export async function writeKeysTo(cluster: LocalCluster, signal: AbortSignal, options: PutOptions = {}): Promise<void> {
  const client = await KvClient.connect({ nodes: cluster.addresses, deadlineMs });
  try {
    await writeKeys((key, value) => client.put(key, value, options), signal);
  } finally {
    await client.close();
  }
}

/** Starts a cluster with `nodes` copies. A write waits for all of them. */
export async function startLoadedCluster(options: LocalClusterOptions & { nodes: number }, signal: AbortSignal) {
  const cluster = await startSettledCluster({ ...options, extra: ['--min-in-sync', String(options.nodes)] });
  try {
    await writeKeysTo(cluster, signal);
    return cluster;
  } catch (error) {
    await cluster.kill();
    throw error;
  }
}
