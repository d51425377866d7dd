// Original file: proto/kv/v1/kv.proto


export interface ListKeysRequestInput {
  'shard'?: (number);
  'after'?: (string);
  'limit'?: (number);
  'prefix'?: (string);
}

export interface ListKeysRequest {
  'shard': (number);
  'after': (string);
  'limit': (number);
  'prefix': (string);
}
