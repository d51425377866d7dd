/** The exports of the package `kvnode`: the client library and its errors. */
export * from './client/index.js';
export { type ErrorCode, type Executed, KvError } from './errors.js';
export type {
  KeyHolder,
  KeyLocation,
  ListedKey,
  ListKeysRequest,
  ListKeysResponse,
  NodeInfo,
  NodeStatus,
  PeerStatus,
  ReplicaInfo,
  ReplicaStatus,
  ShardInfo,
  Topology,
} from './wire/contract/kv-api.js';
