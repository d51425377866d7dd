// Original file: proto/kv/v1/kv.proto

import type { ShardAtRiskInput as _kv_v1_ShardAtRiskInput, ShardAtRisk as _kv_v1_ShardAtRisk } from '../../kv/v1/ShardAtRisk.js';

export interface CheckStopResponseInput {
  'shards'?: (_kv_v1_ShardAtRiskInput)[];
  'silentNodeIds'?: (string)[];
}

export interface CheckStopResponse {
  'shards': (_kv_v1_ShardAtRisk)[];
  'silentNodeIds': (string)[];
}
