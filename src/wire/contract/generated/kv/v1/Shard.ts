// Original file: proto/kv/v1/kv.proto

import type { ReplicaInput as _kv_v1_ReplicaInput, Replica as _kv_v1_Replica } from '../../kv/v1/Replica.js';
import type { PositionInput as _kv_v1_PositionInput, Position as _kv_v1_Position } from '../../kv/v1/Position.js';
import type { Long } from '@grpc/proto-loader';

export interface ShardInput {
  'shard'?: (number);
  'epoch'?: (number | string | Long);
  'primaryNodeId'?: (string);
  'primaryAddress'?: (string);
  'replicas'?: (_kv_v1_ReplicaInput)[];
  'minInSync'?: (number);
  'offline'?: (boolean);
  'serving'?: (boolean);
  'placedNodeIds'?: (string)[];
  'held'?: (boolean);
  'position'?: (_kv_v1_PositionInput | null);
  '_position'?: "position";
}

export interface Shard {
  'shard': (number);
  'epoch': (number);
  'primaryNodeId': (string);
  'primaryAddress': (string);
  'replicas': (_kv_v1_Replica)[];
  'minInSync': (number);
  'offline': (boolean);
  'serving': (boolean);
  'placedNodeIds': (string)[];
  'held': (boolean);
  'position'?: (_kv_v1_Position | null);
  '_position'?: "position";
}
