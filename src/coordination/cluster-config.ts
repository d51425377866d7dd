/**
 * The one configuration of a cluster: written by its first node, compared by every other.
 *
 * Safety rests on it: every backup's grace must exceed every primary's lease.
 */
import { KvError } from '../errors.js';
import type { ClusterConfig } from './coordinator.js';
import type { ZnodeClient } from './znode-client.js';
import { encode, MalformedZnodeError, parseConfig } from './znode-data.js';
import { ensurePath, parentOf } from './znode-paths.js';

/** The stored cluster id wins over the proposed one. @throws KvError CONFIG_MISMATCH naming each option and both values. */
export async function agreeOnConfig(client: ZnodeClient, path: string, wanted: ClusterConfig): Promise<ClusterConfig> {
  const stored = await readOrCreate(client, path, wanted);
  refuseDifferences(path, { ...wanted, clusterId: stored.clusterId }, stored);
  return stored;
}

/**
 * R14: after an expiry the ZooKeeper that answers may have lost everything, or serve another cluster by now. A lost
 * configuration is written again with the same cluster id. @throws KvError CONFIG_MISMATCH
 */
export async function verifyConfig(client: ZnodeClient, path: string, agreed: ClusterConfig): Promise<void> {
  refuseDifferences(path, agreed, await readOrCreate(client, path, agreed));
}

async function readOrCreate(client: ZnodeClient, path: string, value: ClusterConfig): Promise<ClusterConfig> {
  for (;;) {
    const found = await client.get(path, { watch: false });
    if (found !== undefined) return parsed(path, found.data);
    await ensurePath(client, parentOf(path));
    const result = await client.create(path, encode(value), 'persistent');
    if (result.kind === 'created') return value;
    // Another node was faster, and the server that was read from lags behind.
    await client.sync(path);
  }
}

function parsed(path: string, data: Buffer): ClusterConfig {
  try {
    return parseConfig(data);
  } catch (cause) {
    if (!(cause instanceof MalformedZnodeError)) throw cause;
    throw new KvError('CONFIG_MISMATCH', `${path}: ${cause.message}`, { cause });
  }
}

function refuseDifferences(path: string, wanted: ClusterConfig, stored: ClusterConfig): void {
  const names = Object.keys(stored) as (keyof ClusterConfig)[];
  const different = names.filter((name) => stored[name] !== wanted[name]);
  if (different.length === 0) return;
  const listed = different.map((name) => `${name} is ${stored[name]} there and ${wanted[name]} here`);
  throw new KvError('CONFIG_MISMATCH', `the cluster at ${path} in ZooKeeper is another one: ${listed.join(', ')}`);
}
