// Original file: proto/kv/v1/kv.proto


export interface DumpShardRequestInput {
  'shard'?: (number);
}

export interface DumpShardRequest {
  'shard': (number);
}
