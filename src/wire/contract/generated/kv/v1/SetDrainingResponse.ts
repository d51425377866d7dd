// Original file: proto/kv/v1/kv.proto


export interface SetDrainingResponseInput {
  'shardCount'?: (number);
}

export interface SetDrainingResponse {
  'shardCount': (number);
}
