// Original file: proto/kv/v1/kv.proto


export interface GetTopologyRequestInput {
  'changesOnly'?: (boolean);
  'heldOnly'?: (boolean);
  'withoutShards'?: (boolean);
}

export interface GetTopologyRequest {
  'changesOnly': (boolean);
  'heldOnly': (boolean);
  'withoutShards': (boolean);
}
