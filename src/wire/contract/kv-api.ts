/**
 * The messages of kv.v1 under the names that the code uses. Their fields are generated from proto/kv/v1/kv.proto, which
 * documents them. This file adds only what the generator cannot know: that a server reads keys as bytes (server-contract.ts), what a
 * caller may leave out, and which fields only the report of a single node has.
 */
import type { AppendRequest as AppendRequestFields } from './generated/kv/v1/AppendRequest.js';
import type { DeleteRequest as DeleteRequestFields } from './generated/kv/v1/DeleteRequest.js';
import type { GetAndDeleteRequest as GetAndDeleteRequestFields } from './generated/kv/v1/GetAndDeleteRequest.js';
import type { GetAndSetRequest as GetAndSetRequestFields } from './generated/kv/v1/GetAndSetRequest.js';
import type { GetTopologyRequest as GetTopologyRequestFields } from './generated/kv/v1/GetTopologyRequest.js';
import type { IncrementRequest as IncrementRequestFields } from './generated/kv/v1/IncrementRequest.js';
import type { ListKeysRequest as ListKeysRequestFields } from './generated/kv/v1/ListKeysRequest.js';
import type { PersistRequest as PersistRequestFields } from './generated/kv/v1/PersistRequest.js';
import type { PutRequest as PutRequestFields } from './generated/kv/v1/PutRequest.js';
import type { SetRangeRequest as SetRangeRequestFields } from './generated/kv/v1/SetRangeRequest.js';
import type { Shard as ShardReport } from './generated/kv/v1/Shard.js';
import type { Topology as TopologyReport } from './generated/kv/v1/Topology.js';
import type { TouchRequest as TouchRequestFields } from './generated/kv/v1/TouchRequest.js';
import type { TransactCompare as TransactCompareFields } from './generated/kv/v1/TransactCompare.js';
import type { TransactRequest as TransactRequestFields } from './generated/kv/v1/TransactRequest.js';

export type { AppendResponse } from './generated/kv/v1/AppendResponse.js';
export type { CheckStopRequest } from './generated/kv/v1/CheckStopRequest.js';
export type { CheckStopResponse } from './generated/kv/v1/CheckStopResponse.js';
export type { DeleteResponse } from './generated/kv/v1/DeleteResponse.js';
export type { ForcePrimaryRequest } from './generated/kv/v1/ForcePrimaryRequest.js';
export type { ForcePrimaryResponse } from './generated/kv/v1/ForcePrimaryResponse.js';
export type { GetAndDeleteResponse } from './generated/kv/v1/GetAndDeleteResponse.js';
export type { GetAndSetResponse } from './generated/kv/v1/GetAndSetResponse.js';
export type { GetResponse } from './generated/kv/v1/GetResponse.js';
export type { HistoryPosition } from './generated/kv/v1/HistoryPosition.js';
export type { IncrementResponse } from './generated/kv/v1/IncrementResponse.js';
export type { KeyHolder } from './generated/kv/v1/KeyHolder.js';
export type { KeyLocation } from './generated/kv/v1/KeyLocation.js';
export type { ListedKey } from './generated/kv/v1/ListedKey.js';
export type { ListKeysResponse } from './generated/kv/v1/ListKeysResponse.js';
export type { Node as NodeInfo } from './generated/kv/v1/Node.js';
export type { NodeStatus } from './generated/kv/v1/NodeStatus.js';
export type { PeerStatus } from './generated/kv/v1/PeerStatus.js';
export type { PersistResponse } from './generated/kv/v1/PersistResponse.js';
export type { Position } from './generated/kv/v1/Position.js';
export type { PutResponse } from './generated/kv/v1/PutResponse.js';
export type { Replica as ReplicaInfo } from './generated/kv/v1/Replica.js';
export type { ReplicaStatus } from './generated/kv/v1/ReplicaStatus.js';
export type { RequestIdentity } from './generated/kv/v1/RequestIdentity.js';
export type { SetDrainingRequest } from './generated/kv/v1/SetDrainingRequest.js';
export type { SetDrainingResponse } from './generated/kv/v1/SetDrainingResponse.js';
export type { SetRangeResponse } from './generated/kv/v1/SetRangeResponse.js';
export type { TouchResponse } from './generated/kv/v1/TouchResponse.js';
export type { TransactResponse } from './generated/kv/v1/TransactResponse.js';
export type { TransactResult } from './generated/kv/v1/TransactResult.js';
export type { ShardReport, TopologyReport };

/** A key is a string for clients and bytes for servers. */
export interface GetRequest<Key = string> {
  key: Key;
}
export interface PutRequest<Key = string> extends Omit<PutRequestFields, 'key' | 'value' | 'ifValue' | 'keepTtl' | 'sync'> {
  key: Key;
  value: Uint8Array;
  ifValue?: Uint8Array;
  keepTtl?: boolean;
  sync?: boolean;
}
export interface DeleteRequest<Key = string> extends Omit<DeleteRequestFields, 'key' | 'ifValue' | 'sync'> {
  key: Key;
  ifValue?: Uint8Array;
  sync?: boolean;
}
export interface IncrementRequest<Key = string> extends Omit<IncrementRequestFields, 'key' | 'keepTtl' | 'sync'> {
  key: Key;
  keepTtl?: boolean;
  sync?: boolean;
}
export interface AppendRequest<Key = string> extends Omit<AppendRequestFields, 'key' | 'value' | 'keepTtl' | 'sync'> {
  key: Key;
  value: Uint8Array;
  keepTtl?: boolean;
  sync?: boolean;
}
export interface SetRangeRequest<Key = string> extends Omit<SetRangeRequestFields, 'key' | 'value' | 'keepTtl' | 'sync'> {
  key: Key;
  value: Uint8Array;
  keepTtl?: boolean;
  sync?: boolean;
}
export interface GetAndSetRequest<Key = string> extends Omit<GetAndSetRequestFields, 'key' | 'value' | 'keepTtl' | 'sync'> {
  key: Key;
  value: Uint8Array;
  keepTtl?: boolean;
  sync?: boolean;
}
export interface GetAndDeleteRequest<Key = string> extends Omit<GetAndDeleteRequestFields, 'key' | 'sync'> {
  key: Key;
  sync?: boolean;
}
export interface TouchRequest<Key = string> extends Omit<TouchRequestFields, 'key' | 'sync'> {
  key: Key;
  sync?: boolean;
}
export interface PersistRequest<Key = string> extends Omit<PersistRequestFields, 'key' | 'sync'> {
  key: Key;
  sync?: boolean;
}
export interface TransactCompare<Key = string>
  extends Omit<TransactCompareFields, 'key' | 'value' | '_version' | '_exists' | '_value'> {
  key: Key;
  value?: Uint8Array;
}
/** Exactly one of the fields is set. */
export interface TransactOperation<Key = string> {
  get?: GetRequest<Key> | null;
  put?: PutRequest<Key> | null;
  delete?: DeleteRequest<Key> | null;
  increment?: IncrementRequest<Key> | null;
  append?: AppendRequest<Key> | null;
  setRange?: SetRangeRequest<Key> | null;
  getAndSet?: GetAndSetRequest<Key> | null;
  getAndDelete?: GetAndDeleteRequest<Key> | null;
  touch?: TouchRequest<Key> | null;
  persist?: PersistRequest<Key> | null;
}
export interface TransactRequest<Key = string> extends Pick<TransactRequestFields, 'request' | 'position'> {
  compares: TransactCompare<Key>[];
  operations: TransactOperation<Key>[];
  otherwise: TransactOperation<Key>[];
  sync?: boolean;
}
export interface LocateKeyRequest<Key = string> {
  key: Key;
}

/** Fields that a caller leaves out have the default of the proto file. */
export type GetTopologyRequest = Partial<GetTopologyRequestFields>;
export type ListKeysRequest = Pick<ListKeysRequestFields, 'shard'> & Partial<ListKeysRequestFields>;

/** A shard as the reports of several nodes, merged, show it. */
export type ShardInfo = Omit<ShardReport, 'held'>;
/** The whole topology, merged from the reports of several nodes. */
export interface Topology extends Omit<TopologyReport, 'shards' | 'shardCount' | 'partial' | 'nodesVersion'> {
  shards: ShardInfo[];
}
