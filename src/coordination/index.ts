/**
 * Coordination: how nodes find each other and how the state of a shard is written, by compare-and-set.
 *
 * `Coordinator` is what the rest of kvnode sees; ZooKeeper is behind it.
 */
export { proposedConfig } from './cluster-config.js';
export { connectCoordinator } from './connect-coordinator.js';
export type {
  Candidate,
  ClusterConfig,
  ConfigConflict,
  Coordinator,
  CoordinatorListener,
  NodeRegistration,
  SessionStatus,
  StateReading,
  VersionedPlacement,
  WriteOutcome,
} from './coordinator.js';
export { discoverNodes } from './discover-nodes.js';
export { initializeCluster } from './initialize-cluster.js';
