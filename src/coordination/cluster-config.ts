/**
 * The one configuration of a cluster: its first node writes it, every other node compares it with its own options.
 *
 * Safety depends on the agreement: every backup's grace must exceed every primary's lease.
 */
import { randomUUID } from 'node:crypto';
import { KvError } from '../errors.js';
import { formatVersion } from '../version.js';
import type { ClusterConfig } from './coordinator.js';
import type { ZnodeClient } from './znode-client.js';
import { encode, MalformedZnodeError, parseConfig } from './znode-data.js';
import { ensurePath, parentOf } from './znode-paths.js';

export interface StoredConfig {
  /** The znode's version. */
  readonly version: number;
  readonly config: ClusterConfig;
}

/**
 * The configuration that a first node, or `kvctl init` ahead of it, proposes for a new cluster, with a fresh cluster
 * id.
 */
export function proposedConfig(options: Omit<ClusterConfig, 'formatVersion' | 'clusterId'>): ClusterConfig {
  const { shards, replicas, vnodes, minInSync, beaconMs, leaseMs, graceMs } = options;
  return { formatVersion, clusterId: randomUUID(), shards, replicas, vnodes, minInSync, beaconMs, leaseMs, graceMs };
}

/**
 * Founds the cluster at once if there is no configuration. A stored cluster id wins over the proposed one.
 * @throws KvError CONFIG_MISMATCH naming each option and both values.
 */
export async function agreeOnConfig(client: ZnodeClient, path: string, wanted: ClusterConfig): Promise<ClusterConfig> {
  for (;;) {
    const stored = await readConfig(client, path);
    if (stored !== undefined) return agreed(path, wanted, stored.config);
    if (await createConfig(client, path, wanted)) return wanted;
  }
}

/** @throws KvError CONFIG_MISMATCH naming each option and both values. */
export function agreed(path: string, wanted: ClusterConfig, stored: ClusterConfig): ClusterConfig {
  const differences = differencesBetween({ ...wanted, clusterId: stored.clusterId }, stored);
  if (differences === undefined) return stored;
  throw new KvError('CONFIG_MISMATCH', `the cluster at ${path} in ZooKeeper has other settings: ${differences}`);
}

/**
 * Reads the stored configuration. The read sees every write acknowledged before the call, and watches the znode, even
 * a missing one.
 * @throws KvError CONFIG_MISMATCH if the znode's content is malformed
 */
export async function readConfig(client: ZnodeClient, path: string): Promise<StoredConfig | undefined> {
  await client.sync(path);
  const stat = await client.stat(path, { watch: true });
  const znode = stat === undefined ? undefined : await client.get(path, { watch: true });
  if (znode === undefined) return undefined;
  try {
    return { version: znode.stat.version, config: parseConfig(znode.data) };
  } catch (cause) {
    if (!(cause instanceof MalformedZnodeError)) throw cause;
    throw new KvError('CONFIG_MISMATCH', `${path}: ${cause.message}`, { cause });
  }
}

/** @returns whether this call created the znode; false: another client has created it. */
export async function createConfig(client: ZnodeClient, path: string, config: ClusterConfig): Promise<boolean> {
  await ensurePath(client, parentOf(path));
  const result = await client.create(path, encode(config), 'persistent');
  return result.kind === 'created';
}

/** Lists the options that differ, with both values; undefined if all agree. */
export function differencesBetween(own: ClusterConfig, stored: ClusterConfig): string | undefined {
  const names = (Object.keys(stored) as (keyof ClusterConfig)[]).filter((name) => name !== 'restored');
  const different = names.filter((name) => stored[name] !== own[name]);
  if (different.length === 0) return undefined;
  return different.map((name) => `${name} is ${stored[name]} there and ${own[name]} here`).join(', ');
}
