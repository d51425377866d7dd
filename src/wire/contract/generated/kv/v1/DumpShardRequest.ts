// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface DumpShardRequestInput {
  'shard'?: (number);
  'maxBytesPerSecond'?: (number | string | Long);
}

export interface DumpShardRequest {
  'shard': (number);
  'maxBytesPerSecond': (number);
}
