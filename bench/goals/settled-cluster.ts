/**
 * Starts clusters that are at rest, and waits until one is at rest again: every running node is registered, each shard is
 * placed on as many of them as it should be, in sync there and nowhere else, and its preferred primary leads it. Without
 * that a measurement counts copies and handovers that an earlier round has caused.
 */
import { LocalCluster, type LocalClusterOptions } from '../../local/local-cluster.js';
import { isAtRest } from '../../local/ring.js';
import { optionSpecs } from '../../src/config/index.js';
import type { Topology } from '../../src/wire/contract/kv-api.js';

/** A node that was killed stays placed for `--replace-after-ms`, a minute, so this is longer. */
const settledTimeoutMs = 180_000;

export async function startSettledCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const cluster = await LocalCluster.start({ ...options, waitForInSync: false });
  try {
    await untilSettled(cluster);
    return cluster;
  } catch (error) {
    await cluster.kill();
    throw error;
  }
}

export async function untilSettled(cluster: LocalCluster): Promise<void> {
  const running = cluster.addresses.length;
  const holds = (topology: Topology): boolean => isAtRest(topology, running, optionSpecs.replicas.default);
  await cluster.waitUntil('the cluster has settled', holds, settledTimeoutMs);
}
