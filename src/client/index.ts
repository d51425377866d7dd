/** The public entry of the client library. */

export type { CallOptions } from './call-limits.js';
export { KvClient } from './kv-client.js';
export type { KvClientOptions, NodesOptions, ZooKeeperOptions } from './options.js';
export type {
  DeleteOptions,
  DeleteResult,
  FailedOutcome,
  ForcePrimaryOptions,
  GetOutcome,
  GetResult,
  PutEntry,
  PutOptions,
  PutOutcome,
  PutResult,
  WriteCondition,
} from './results.js';
export type { ClusterChange } from './routing/cluster-membership.js';
