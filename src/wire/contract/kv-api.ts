/** The messages of proto/kv/v1/kv.proto as TypeScript sees them. The proto file documents the fields. */

export interface GetRequest<Key = string> {
  key: Key;
}
export interface GetResponse {
  found: boolean;
  value: Buffer;
  version: number;
  nodeId: string;
}
export interface PutRequest<Key = string> {
  key: Key;
  value: Uint8Array;
  ifVersion?: number;
}
export interface PutResponse {
  version: number;
  nodeId: string;
}
export interface DeleteRequest<Key = string> {
  key: Key;
  ifVersion?: number;
}
export interface DeleteResponse {
  existed: boolean;
  version: number;
  nodeId: string;
}

export interface NodeInfo {
  id: string;
  address: string;
  zone: string;
  weight: number;
}
export interface ReplicaInfo {
  replicaId: string;
  nodeId: string;
  inSync: boolean;
  live: boolean;
}
export interface ShardInfo {
  shard: number;
  epoch: number;
  primaryNodeId: string;
  primaryAddress: string;
  replicas: ReplicaInfo[];
  minInSync: number;
  offline: boolean;
  serving: boolean;
  placedNodeIds: string[];
}
export interface Topology {
  clusterId: string;
  nodes: NodeInfo[];
  shards: ShardInfo[];
  placementVersion: number;
}

export interface GetTopologyRequest {
  changesOnly?: boolean;
  heldOnly?: boolean;
  withoutShards?: boolean;
}
/** What one node tells of a shard. */
export interface ShardReport extends ShardInfo {
  held: boolean;
}
/** What one node tells of the topology, or of what is new in it. */
export interface TopologyReport extends Omit<Topology, 'shards'> {
  shards: ShardReport[];
  shardCount: number;
  partial: boolean;
  nodesVersion: number;
}

export interface LocateKeyRequest<Key = string> {
  key: Key;
}
export interface KeyHolder {
  nodeId: string;
  address: string;
  role: string;
  placed: boolean;
}
export interface KeyLocation {
  shard: number;
  hash: number;
  epoch: number;
  holders: KeyHolder[];
}

export interface PeerStatus {
  replicaId: string;
  nodeId: string;
  inSync: boolean;
  phase: string;
  ackedSeq: number;
}
export interface ReplicaStatus {
  shard: number;
  replicaId: string;
  role: string;
  epoch: number;
  serving: boolean;
  complete: boolean;
  lastSeq: number;
  lastEpoch: number;
  commitIndex: number;
  appliedSeq: number;
  keys: number;
  peers: PeerStatus[];
  offline: boolean;
  dataBytes: number;
  dataLimitBytes: number;
  held?: HistoryPosition | null;
  found?: HistoryPosition | null;
  lost?: LostState | null;
}
export interface LostState {
  position: HistoryPosition;
  inSync: string[];
}
export interface HistoryPosition {
  history: string;
  epoch: number;
  epochId: string;
  /** Absent: by a node of an earlier version. */
  removals?: number;
}
export interface NodeStatus {
  nodeId: string;
  address: string;
  version: string;
  uptimeMs: number;
  zookeeper: string;
  replicas: ReplicaStatus[];
  warnings: string[];
  memoryBytes: number;
  maxMemoryBytes: number;
  keys: number;
  dataBytes: number;
  dataLimitBytes: number;
  zone: string;
  weight: number;
  logLinesDropped: number;
  openDescriptors: number;
  maxDescriptors: number;
}
export interface ListKeysRequest {
  shard: number;
  after?: string;
  limit?: number;
  prefix?: string;
}
export interface ListedKey {
  key: string;
  version: number;
  valueBytes: number;
}
export interface ListKeysResponse {
  keys: ListedKey[];
  nextAfter: string;
  nodeId: string;
  primary: boolean;
  complete: boolean;
}
export interface ForcePrimaryRequest {
  shard: number;
  acceptDataLoss: boolean;
  givesUp: string[];
}
export interface ForcePrimaryResponse {
  epoch: number;
  seqFloor: number;
}
