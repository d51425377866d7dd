/**
 * Coordination through ZooKeeper: nodes find each other, and write the state of a shard by compare-and-set.
 *
 * The rest of kvnode uses the interface `Coordinator` and never ZooKeeper itself.
 */
export { checkSettings, proposedConfig } from './cluster-config.js';
export {
  type ClusterFormats,
  type FinishedUpgrade,
  finishUpgrade,
  readClusterFormats,
} from './cluster-upgrade.js';
export { connectCoordinator } from './connect-coordinator.js';
export type {
  Candidate,
  ClusterConfig,
  ConfigConflict,
  Coordinator,
  CoordinatorListener,
  Drains,
  DurabilityMode,
  Edition,
  Editions,
  NodeRegistration,
  SessionStatus,
  StateReading,
  VersionedPlacement,
  WriteOutcome,
} from './coordinator.js';
export { discoverNodes } from './discover-nodes.js';
export { initializeCluster } from './initialize-cluster.js';
export { MalformedZnodeError, parseConfig } from './znode-data.js';
