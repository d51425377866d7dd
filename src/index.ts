/** The exports of the package `kvnode`: the client library and its errors. */

// gRPC is loaded with the library, although frames need it only in a failover: loading it then would take the time of a failover.
import './client/transport/grpc-link.js';

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
export type { PagePlace, ScannedKey, ScannedValue, ScanPage } from './wire/scan/scan-messages.js';
