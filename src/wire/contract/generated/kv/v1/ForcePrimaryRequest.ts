// Original file: proto/kv/v1/kv.proto


export interface ForcePrimaryRequestInput {
  'shard'?: (number);
  'acceptDataLoss'?: (boolean);
  'givesUp'?: (string)[];
}

export interface ForcePrimaryRequest {
  'shard': (number);
  'acceptDataLoss': (boolean);
  'givesUp': (string)[];
}
