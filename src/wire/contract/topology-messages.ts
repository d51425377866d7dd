/** The messages of GetTopology and WatchTopology, which every client needs at its start. proto/kv/v1/kv.proto documents them. */
import { MessageTable } from '../protobuf/message-table.js';
import type { GetTopologyRequest, NodeInfo, ReplicaInfo, ShardReport, TopologyReport } from './kv-api.js';
import { positionTable } from './position-message.js';

export const topologyRequestTable = new MessageTable<GetTopologyRequest>({
  changesOnly: [1, 'bool'],
  heldOnly: [2, 'bool'],
  withoutShards: [3, 'bool'],
});

const nodeTable = new MessageTable<NodeInfo>({
  id: [1, 'string'],
  address: [2, 'string'],
  zone: [3, 'string'],
  weight: [4, 'uint'],
  framesVersion: [5, 'uint'],
  draining: [6, 'bool'],
});

const replicaTable = new MessageTable<ReplicaInfo>({
  replicaId: [1, 'string'],
  nodeId: [2, 'string'],
  inSync: [3, 'bool'],
  live: [4, 'bool'],
});

const shardTable = new MessageTable<Omit<ShardReport, '_position'>>({
  shard: [1, 'uint'],
  epoch: [2, 'uint'],
  primaryNodeId: [3, 'string'],
  primaryAddress: [4, 'string'],
  replicas: [5, [replicaTable]],
  minInSync: [6, 'uint'],
  offline: [7, 'bool'],
  serving: [8, 'bool'],
  placedNodeIds: [9, ['string']],
  held: [10, 'bool'],
  position: [11, { optional: positionTable }],
});

export const topologyReportTable = new MessageTable<TopologyReport>({
  clusterId: [1, 'string'],
  nodes: [2, [nodeTable]],
  shards: [3, [shardTable]],
  placementVersion: [4, 'uint'],
  shardCount: [5, 'uint'],
  partial: [6, 'bool'],
  nodesVersion: [7, 'uint'],
});
