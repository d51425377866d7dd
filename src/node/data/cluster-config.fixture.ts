import type { ClusterConfig } from '../../coordination/index.js';
import { supportedFormats } from '../../formats.js';

/** The cluster to which the data directories of the tests belong. */
export const cluster: ClusterConfig = {
  formatVersion: supportedFormats.newest,
  clusterId: 'c1',
  shards: 16,
  replicas: 3,
  vnodes: 64,
  minInSync: 2,
  beaconMs: 150,
  leaseMs: 1_000,
  graceMs: 1_250,
  durability: 'always',
  syncIntervalMs: 1_000,
};
