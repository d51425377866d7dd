// Original file: proto/kv/v1/kv.proto

import type { ReplicaStatusInput as _kv_v1_ReplicaStatusInput, ReplicaStatus as _kv_v1_ReplicaStatus } from '../../kv/v1/ReplicaStatus.js';
import type { Long } from '@grpc/proto-loader';

export interface NodeStatusInput {
  'nodeId'?: (string);
  'address'?: (string);
  'version'?: (string);
  'uptimeMs'?: (number | string | Long);
  'zookeeper'?: (string);
  'replicas'?: (_kv_v1_ReplicaStatusInput)[];
  'warnings'?: (string)[];
  'memoryBytes'?: (number | string | Long);
  'maxMemoryBytes'?: (number | string | Long);
  'keys'?: (number | string | Long);
  'dataBytes'?: (number | string | Long);
  'dataLimitBytes'?: (number | string | Long);
  'zone'?: (string);
  'weight'?: (number);
  'logLinesDropped'?: (number | string | Long);
  'openDescriptors'?: (number | string | Long);
  'maxDescriptors'?: (number | string | Long);
  'durability'?: (string);
  'formatInUse'?: (number);
  'oldestFormat'?: (number);
  'newestFormat'?: (number);
  'diskBytes'?: (number | string | Long);
  'maxDiskBytes'?: (number | string | Long);
  'state'?: (string);
  'stateLag'?: (number | string | Long);
  'stateImpaired'?: (boolean);
}

export interface NodeStatus {
  'nodeId': (string);
  'address': (string);
  'version': (string);
  'uptimeMs': (number);
  'zookeeper': (string);
  'replicas': (_kv_v1_ReplicaStatus)[];
  'warnings': (string)[];
  'memoryBytes': (number);
  'maxMemoryBytes': (number);
  'keys': (number);
  'dataBytes': (number);
  'dataLimitBytes': (number);
  'zone': (string);
  'weight': (number);
  'logLinesDropped': (number);
  'openDescriptors': (number);
  'maxDescriptors': (number);
  'durability': (string);
  'formatInUse': (number);
  'oldestFormat': (number);
  'newestFormat': (number);
  'diskBytes': (number);
  'maxDiskBytes': (number);
  'state': (string);
  'stateLag': (number);
  'stateImpaired': (boolean);
}
