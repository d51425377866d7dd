/**
 * Coordination: how nodes find each other and how the state of a shard is written, by compare-and-set.
 *
 * `Coordinator` is what the rest of kvnode sees; ZooKeeper is behind it.
 */
export { type ConnectCoordinatorOptions, connectCoordinator } from './connect-coordinator.js';
export type {
  Candidate,
  CandidateRegistration,
  ClusterConfig,
  Coordinator,
  CoordinatorListener,
  NodeRegistration,
  SessionStatus,
  VersionedState,
  WriteOutcome,
} from './coordinator.js';
export { discoverNodes } from './discover-nodes.js';
