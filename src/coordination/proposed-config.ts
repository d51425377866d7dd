/** The configuration that a first node, or an operator ahead of it, proposes for a cluster. */
import { randomUUID } from 'node:crypto';
import { formatVersion } from '../version.js';
import type { ClusterConfig } from './coordinator.js';

export function proposedConfig(options: Omit<ClusterConfig, 'formatVersion' | 'clusterId'>): ClusterConfig {
  const { shards, replicas, vnodes, minInSync, beaconMs, leaseMs, graceMs } = options;
  return { formatVersion, clusterId: randomUUID(), shards, replicas, vnodes, minInSync, beaconMs, leaseMs, graceMs };
}
