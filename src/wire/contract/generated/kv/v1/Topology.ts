// Original file: proto/kv/v1/kv.proto

import type { NodeInput as _kv_v1_NodeInput, Node as _kv_v1_Node } from '../../kv/v1/Node.js';
import type { ShardInput as _kv_v1_ShardInput, Shard as _kv_v1_Shard } from '../../kv/v1/Shard.js';
import type { Long } from '@grpc/proto-loader';

export interface TopologyInput {
  'clusterId'?: (string);
  'nodes'?: (_kv_v1_NodeInput)[];
  'shards'?: (_kv_v1_ShardInput)[];
  'placementVersion'?: (number | string | Long);
  'shardCount'?: (number);
  'partial'?: (boolean);
  'nodesVersion'?: (number | string | Long);
}

export interface Topology {
  'clusterId': (string);
  'nodes': (_kv_v1_Node)[];
  'shards': (_kv_v1_Shard)[];
  'placementVersion': (number);
  'shardCount': (number);
  'partial': (boolean);
  'nodesVersion': (number);
}
